"""Kinds: what a parameter's value may be, how it is read, and how a person is told.

Types are strict: a bool is no integer, 1.0 is no integer and "1" is no number. (vLLM lets 1.0 pass for
an integer; OpenAI does not.) Messages are fixed: they name parameters, never what the client sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ovpipe.errors import RequestError

WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
MOST_IGNORED: Final = 16
NOTHING: Final = object()
"""A value that no request has."""

Schema = dict[str, Any]


class Ignored:
    """Keys that nobody knows: at most 16 well-formed names are kept, whatever the client sends."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.any = False

    def add(self, name: str) -> None:
        """Notes one key."""
        self.any = True
        if len(self.names) < MOST_IGNORED and WELL_FORMED.fullmatch(name):
            self.names[name] = None


class Kind(Protocol):
    """How one JSON value is checked. `path` is its place in the body: `messages[0].content`."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Any:
        """The checked value; raises RequestError 400. `value` is never None: null means absent."""

    def describe(self) -> str:
        """What is allowed, to stand after "must be"."""

    def schema(self) -> Schema:
        """The same as JSON Schema, for OpenAPI."""


def wrong_type(path: str, expected: str) -> RequestError:
    """The error for a value of a wrong JSON type."""
    return RequestError(400, f"'{path}' must be {expected}.", code="invalid_type", param=path)


def wrong_value(path: str, expected: str) -> RequestError:
    """The error for a value of the right type that is not allowed."""
    return RequestError(400, f"'{path}' must be {expected}.", code="invalid_value", param=path)


def missing(path: str, expected: str) -> RequestError:
    """The error for a required value that is absent or null."""
    return RequestError(
        400, f"'{path}' is required and must be {expected}.", code="missing_required_parameter", param=path
    )


def unsupported(path: str, reason: str = "is not supported by this version yet") -> RequestError:
    """The error for what the API knows and this server cannot do."""
    return RequestError(400, f"'{path}' {reason}.", code="unsupported_parameter", param=path)


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""

    def read(self, value: Any, path: str, ignored: Ignored) -> bool:
        """See Kind."""
        if value is not True and value is not False:
            raise wrong_type(path, self.describe())
        return bool(value)

    def describe(self) -> str:
        """See Kind."""
        return "true or false"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in [minimum, maximum]."""

    minimum: int
    maximum: int

    def read(self, value: Any, path: str, ignored: Ignored) -> int:
        """See Kind."""
        if type(value) is not int:
            raise wrong_type(path, self.describe())
        if not self.minimum <= value <= self.maximum:
            raise wrong_value(path, self.describe())
        return value

    def describe(self) -> str:
        """See Kind."""
        return f"an integer from {self.minimum} to {self.maximum}"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Number:
    """A number in [minimum, maximum]; `above` leaves the minimum out, `below` the maximum."""

    minimum: float
    maximum: float
    above: bool = False
    below: bool = False

    def read(self, value: Any, path: str, ignored: Ignored) -> float:
        """See Kind."""
        if type(value) is not int and type(value) is not float:
            raise wrong_type(path, self.describe())
        if not self.minimum <= value <= self.maximum:
            raise wrong_value(path, self.describe())
        if (self.above and value == self.minimum) or (self.below and value == self.maximum):
            raise wrong_value(path, self.describe())
        return float(value)

    def describe(self) -> str:
        """See Kind."""
        if self.above:
            return f"a number above {self.minimum:g} and at most {self.maximum:g}"
        if self.below:
            return f"a number from {self.minimum:g} to below {self.maximum:g}"
        return f"a number from {self.minimum:g} to {self.maximum:g}"

    def schema(self) -> Schema:
        """See Kind."""
        least = "exclusiveMinimum" if self.above else "minimum"
        most = "exclusiveMaximum" if self.below else "maximum"
        return {"type": "number", least: self.minimum, most: self.maximum}


@dataclass(frozen=True, slots=True)
class Text:
    """A string of Unicode characters."""

    may_be_empty: bool = True
    longest: int | None = None

    def read(self, value: Any, path: str, ignored: Ignored) -> str:
        """See Kind."""
        if type(value) is not str:
            raise wrong_type(path, self.describe())
        if not value and not self.may_be_empty:
            raise wrong_value(path, self.describe())
        if self.longest is not None and len(value) > self.longest:
            raise wrong_value(path, self.describe())
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise wrong_value(path, "a string without lone surrogates") from None
        return value

    def describe(self) -> str:
        """See Kind."""
        words = "a string" if self.may_be_empty else "a non-empty string"
        return words if self.longest is None else f"{words} of at most {self.longest} characters"

    def schema(self) -> Schema:
        """See Kind."""
        lengths = {"minLength": 0 if self.may_be_empty else 1, "maxLength": self.longest}
        return {"type": "string"} | {key: length for key, length in lengths.items() if length}


@dataclass(frozen=True, slots=True)
class Texts:
    """A string, or a list of strings; read as a tuple."""

    item: Text
    most: int

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[str, ...]:
        """See Kind."""
        if type(value) is str:
            return (self.item.read(value, path, ignored),)
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if len(value) > self.most:
            raise wrong_value(path, self.describe())
        return tuple(self.item.read(item, f"{path}[{at}]", ignored) for at, item in enumerate(value))

    def describe(self) -> str:
        """See Kind."""
        return f"{self.item.describe()}, or a list of at most {self.most} of them"

    def schema(self) -> Schema:
        """See Kind."""
        item = self.item.schema()
        return {"anyOf": [item, {"type": "array", "items": item, "maxItems": self.most}]}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few strings."""

    values: tuple[str, ...]

    def read(self, value: Any, path: str, ignored: Ignored) -> str:
        """See Kind."""
        if type(value) is not str:
            raise wrong_type(path, self.describe())
        if value not in self.values:
            raise wrong_value(path, self.describe())
        return value

    def describe(self) -> str:
        """See Kind."""
        return "one of " + ", ".join(f"'{value}'" for value in self.values)

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "string", "enum": list(self.values)}


@dataclass(frozen=True, slots=True)
class OneOf:
    """What one of two kinds reads: the first that finds the value's type right."""

    first: Kind
    second: Kind

    def read(self, value: Any, path: str, ignored: Ignored) -> Any:
        """See Kind."""
        for kind in (self.first, self.second):
            try:
                return kind.read(value, path, ignored)
            except RequestError as error:
                if error.code != "invalid_type":
                    raise wrong_value(path, self.describe()) from None
        raise wrong_type(path, self.describe())

    def describe(self) -> str:
        """See Kind."""
        return f"{self.first.describe()}, or {self.second.describe()}"

    def schema(self) -> Schema:
        """See Kind."""
        return {"anyOf": [self.first.schema(), self.second.schema()]}


@dataclass(frozen=True, slots=True)
class Integers:
    """A list of integers in [minimum, maximum]; read as a tuple."""

    item: Integer
    most: int

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[int, ...]:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if len(value) > self.most:
            raise wrong_value(path, self.describe())
        if not value:
            return ()
        right = set(map(type, value)) == {int}  # prompts of a hundred thousand ids come this way
        if right and self.item.minimum <= min(value) <= max(value) <= self.item.maximum:
            return tuple(value)
        return tuple(self.item.read(item, f"{path}[{at}]", ignored) for at, item in enumerate(value))

    def describe(self) -> str:
        """See Kind."""
        return f"a list of at most {self.most} integers from {self.item.minimum} to {self.item.maximum}"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "array", "items": self.item.schema(), "maxItems": self.most}


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object, handed on as it is."""

    def read(self, value: Any, path: str, ignored: Ignored) -> dict[str, Any]:
        """See Kind."""
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        return value

    def describe(self) -> str:
        """See Kind."""
        return "an object"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "object"}


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of JSON objects, each handed on as it is; read as a tuple."""

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[dict[str, Any], ...]:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        return tuple(OBJECT.read(item, f"{path}[{at}]", ignored) for at, item in enumerate(value))

    def describe(self) -> str:
        """See Kind."""
        return "a list of objects"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "array", "items": OBJECT.schema()}


@dataclass(frozen=True, slots=True)
class Labels:
    """An object of at most 16 strings by name, as OpenAI's metadata."""

    def read(self, value: Any, path: str, ignored: Ignored) -> dict[str, str]:
        """See Kind."""
        if type(value) is not dict or any(type(label) is not str for label in value.values()):
            raise wrong_type(path, self.describe())
        if len(value) > 16 or any(len(key) > 64 or len(label) > 512 for key, label in value.items()):
            raise wrong_value(path, self.describe())
        for text in (*value, *value.values()):
            LABEL.read(text, path, ignored)
        return value

    def describe(self) -> str:
        """See Kind."""
        return "an object of at most 16 strings of up to 512 characters, by names of up to 64"

    def schema(self) -> Schema:
        """See Kind."""
        return {
            "type": "object",
            "maxProperties": 16,
            "propertyNames": {"maxLength": 64},
            "additionalProperties": {"type": "string", "maxLength": 512},
        }


@dataclass(frozen=True, slots=True)
class OtherEngine:
    """Known to the API, and beyond this engine: refused with the name of the engine that can.

    Only `neutral`, the value that asks for what happens anyway, passes: many clients send `"logit_bias": {}`.
    """

    kind: Kind
    neutral: Any = NOTHING

    def read(self, value: Any, path: str, ignored: Ignored) -> Any:
        """See Kind."""
        read = self.kind.read(value, path, ignored)
        if value != self.neutral or isinstance(value, bool) is not isinstance(self.neutral, bool):
            raise unsupported(path, "needs the engine 'paged'; this model is served by the engine 'genai'")
        return read

    def describe(self) -> str:
        """See Kind."""
        return self.kind.describe()

    def schema(self) -> Schema:
        """See Kind: only what passes is valid."""
        return {"not": {}} if self.neutral is NOTHING else {"const": self.neutral}


@dataclass(frozen=True, slots=True)
class Refused:
    """Known to other servers, refused here on purpose."""

    reason: str

    def read(self, value: Any, path: str, ignored: Ignored) -> None:
        """See Kind."""
        raise unsupported(path, self.reason)

    def describe(self) -> str:
        """See Kind."""
        return "absent"

    def schema(self) -> Schema:
        """See Kind: nothing is valid."""
        return {"not": {}}


OBJECT: Final = Object()
LABEL: Final = Text()
