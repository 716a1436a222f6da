"""Kinds: what a parameter's value may be, how it is read, and how a person is told.

Types are strict: a bool is no integer, 1.0 is no integer and "1" is no number. (vLLM lets 1.0 pass for
an integer; OpenAI does not.) Messages are fixed: they name parameters, never what the client sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ovpipe.errors import RequestError

WELL_FORMED = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
MOST_IGNORED = 16


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


@dataclass(frozen=True, slots=True)
class Number:
    """A number in [minimum, maximum], or in (minimum, maximum] when `above`."""

    minimum: float
    maximum: float
    above: bool = False

    def read(self, value: Any, path: str, ignored: Ignored) -> float:
        """See Kind."""
        if type(value) is not int and type(value) is not float:
            raise wrong_type(path, self.describe())
        if not self.minimum <= value <= self.maximum or (self.above and value == self.minimum):
            raise wrong_value(path, self.describe())
        return float(value)

    def describe(self) -> str:
        """See Kind."""
        if self.above:
            return f"a number above {self.minimum:g} and at most {self.maximum:g}"
        return f"a number from {self.minimum:g} to {self.maximum:g}"


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


@dataclass(frozen=True, slots=True)
class Member:
    """An object of which one member counts; read as that member's value, `default` when it is absent."""

    name: str
    kind: Kind
    default: Any
    not_yet: Mapping[str, NotYet]

    def read(self, value: Any, path: str, ignored: Ignored) -> Any:
        """See Kind."""
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        result = self.default
        for key, member in value.items():
            if member is None:
                continue
            if key == self.name:
                result = self.kind.read(member, f"{path}.{key}", ignored)
            elif key in self.not_yet:
                self.not_yet[key].read(member, f"{path}.{key}", ignored)
            else:
                ignored.add(f"{path}.{key}")
        return result

    def describe(self) -> str:
        """See Kind."""
        return f"an object whose '{self.name}' is {self.kind.describe()}"


NOTHING = object()


@dataclass(frozen=True, slots=True)
class NotYet:
    """Known to the API, not built here: refused by name, never ignored.

    Only `neutral`, the value that asks for what happens anyway, passes: many clients send `"n": 1`.
    """

    neutral: Any = NOTHING

    def read(self, value: Any, path: str, ignored: Ignored) -> None:
        """See Kind."""
        if value != self.neutral or isinstance(value, bool) is not isinstance(self.neutral, bool):
            raise unsupported(path)

    def describe(self) -> str:
        """See Kind."""
        return "absent"


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
