"""The kinds of values that are particular to one parameter: prompts, stream options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ovpipe.calculators.llm.parameters.values import (
    Boolean,
    Ignored,
    Integer,
    Integers,
    OtherEngine,
    Schema,
    Text,
    wrong_type,
    wrong_value,
)

MOST_PROMPTS: Final = 256
MOST_TOKENS: Final = 4_000_000
"""Far more than any context; the model's own is checked where it is known."""

TEXT: Final = Text()
LOGPROBS: Final = Integer(0, 5)
TOKENS: Final = Integers(Integer(0, 2**31 - 1), MOST_TOKENS)


@dataclass(frozen=True, slots=True)
class PromptList:
    """A text, token ids, or a list of texts or of token ids; read as a tuple of prompts."""

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[str | tuple[int, ...], ...]:
        """See Kind."""
        if type(value) is str:
            return (self._text(value, path, ignored),)
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if not value:
            raise wrong_value(path, self.describe())
        first = type(value[0])
        if first is int:
            return (TOKENS.read(value, path, ignored),)
        if first not in (str, list):
            raise wrong_type(f"{path}[0]", "a string, a token id or a list of token ids")
        if len(value) > MOST_PROMPTS:
            raise wrong_value(path, self.describe())
        read = self._text if first is str else self._tokens
        return tuple(read(item, f"{path}[{at}]", ignored) for at, item in enumerate(value))

    def _text(self, value: Any, path: str, ignored: Ignored) -> str:
        text = TEXT.read(value, path, ignored)
        if not text:
            raise wrong_value(path, "a non-empty string")
        return text

    def _tokens(self, value: Any, path: str, ignored: Ignored) -> tuple[int, ...]:
        tokens = TOKENS.read(value, path, ignored)
        if not tokens:
            raise wrong_value(path, "a non-empty list of token ids")
        return tokens

    def describe(self) -> str:
        """See Kind."""
        return f"a non-empty string, a list of token ids, or a list of at most {MOST_PROMPTS} of either"

    def schema(self) -> Schema:
        """See Kind."""
        text: Schema = {"type": "string", "minLength": 1}
        tokens: Schema = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
        return {
            "anyOf": [
                text,
                tokens,
                {"type": "array", "items": text, "minItems": 1, "maxItems": MOST_PROMPTS},
                {"type": "array", "items": tokens, "minItems": 1, "maxItems": MOST_PROMPTS},
            ]
        }


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """An object whose members are fields of the request."""

    members = ("include_usage", "continuous_usage_stats")

    def read(self, value: Any, path: str, ignored: Ignored) -> dict[str, bool]:
        """See Kind."""
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        fields = {}
        for key, member in value.items():
            if key not in self.members:
                ignored.add(f"{path}.{key}")
            elif member is not None:
                fields[key] = Boolean().read(member, f"{path}.{key}", ignored)
        return fields

    def describe(self) -> str:
        """See Kind."""
        return "an object whose 'include_usage' and 'continuous_usage_stats' are true or false"

    def schema(self) -> Schema:
        """See Kind."""
        return {
            "type": "object",
            "properties": {name: {"type": ["boolean", "null"]} for name in self.members},
        }


@dataclass(frozen=True, slots=True)
class UpToOne:
    """The completions' logprobs: this engine knows the probability of the token it chose, and of no other."""

    def read(self, value: Any, path: str, ignored: Ignored) -> int:
        """See Kind."""
        read = LOGPROBS.read(value, path, ignored)
        if read > 1:
            OtherEngine(LOGPROBS).read(value, path, ignored)
        return read

    def describe(self) -> str:
        """See Kind."""
        return LOGPROBS.describe()

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "integer", "minimum": 0, "maximum": 1}
