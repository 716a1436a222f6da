"""The parameters that say what an answer must follow: OpenAI's response_format and vLLM's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from ovpipe.calculators.llm.grammars import requested as grammar
from ovpipe.calculators.llm.parameters.values import (
    Boolean,
    Ignored,
    Kind,
    Schema,
    Text,
    missing,
    wrong_type,
    wrong_value,
)
from ovpipe.engines.protocol import Grammar

FORMATS: Final = ("text", "json_object", "json_schema", "structural_tag")
WORDS: Final = Text(may_be_empty=False)
FLAG: Final = Boolean()

ANY_SCHEMA: Final[Schema] = {"type": ["object", "boolean"], "title": "a JSON Schema"}


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """OpenAI's response_format, with the structural tags of vLLM and xgrammar. "text" is read as None."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar | None:
        """See Kind."""
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        kind = value.get("type")
        if kind is None:
            raise missing(f"{path}.type", one_of(FORMATS))
        if type(kind) is not str:
            raise wrong_type(f"{path}.type", one_of(FORMATS))
        if kind == "structural_tag":
            return grammar.of_structural_tag(value, path)
        if kind == "json_schema":
            note_others(value, ("type", "json_schema"), path, ignored)
            return self._schema(value.get("json_schema"), f"{path}.json_schema", ignored)
        if kind not in FORMATS:
            raise wrong_value(f"{path}.type", one_of(FORMATS))
        note_others(value, ("type",), path, ignored)
        return grammar.ANY_OBJECT if kind == "json_object" else None

    def _schema(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        if value is None:
            raise missing(path, "an object with 'schema'")
        if type(value) is not dict:
            raise wrong_type(path, "an object with 'schema'")
        note_others(value, ("name", "description", "schema", "strict"), path, ignored)
        for key in ("name", "description"):
            if value.get(key) is not None:
                WORDS.read(value[key], f"{path}.{key}", ignored)
        if value.get("schema") is None:
            raise missing(f"{path}.schema", "a JSON Schema")
        strict = value.get("strict")
        return grammar.of_schema(
            value["schema"],
            f"{path}.schema",
            strict=strict is not None and FLAG.read(strict, f"{path}.strict", ignored),
        )

    def describe(self) -> str:
        """See Kind."""
        return f"an object whose 'type' is {one_of(FORMATS)}"

    def schema(self) -> Schema:
        """See Kind."""
        named: Schema = {"name": {"type": "string"}, "schema": ANY_SCHEMA, "strict": {"type": "boolean"}}
        return {
            "type": "object",
            "properties": {
                "type": {"enum": list(FORMATS)},
                "json_schema": {"type": "object", "properties": named, "required": ["schema"]},
                "format": {"type": "object"},
                "structures": {"type": "array", "items": {"type": "object"}},
                "triggers": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["type"],
        }


@dataclass(frozen=True, slots=True)
class GuidedJson:
    """A JSON Schema, or a string that holds one."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        """See Kind."""
        if type(value) is str:
            return grammar.of_schema_text(value, path)
        if type(value) is not dict and not isinstance(value, bool):
            raise wrong_type(path, self.describe())
        return grammar.of_schema(value, path)

    def describe(self) -> str:
        """See Kind."""
        return "a JSON Schema, or a string that holds one"

    def schema(self) -> Schema:
        """See Kind."""
        return {"anyOf": [ANY_SCHEMA, WORDS.schema()]}


@dataclass(frozen=True, slots=True)
class GuidedRegex:
    """A regular expression."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        """See Kind."""
        return grammar.of_regex(WORDS.read(value, path, ignored), path)

    def describe(self) -> str:
        """See Kind."""
        return "a regular expression"

    def schema(self) -> Schema:
        """See Kind."""
        return WORDS.schema()


@dataclass(frozen=True, slots=True)
class GuidedChoice:
    """The only texts allowed."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if not 1 <= len(value) <= grammar.MOST_ALTERNATIVES:
            raise wrong_value(path, self.describe())
        return grammar.of_choices(
            [WORDS.read(choice, f"{path}[{at}]", ignored) for at, choice in enumerate(value)], path
        )

    def describe(self) -> str:
        """See Kind."""
        return f"a list of 1 to {grammar.MOST_ALTERNATIVES} non-empty strings"

    def schema(self) -> Schema:
        """See Kind."""
        return {
            "type": "array",
            "items": WORDS.schema(),
            "minItems": 1,
            "maxItems": grammar.MOST_ALTERNATIVES,
        }


@dataclass(frozen=True, slots=True)
class GuidedGrammar:
    """EBNF rules."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        """See Kind."""
        return grammar.of_rules(WORDS.read(value, path, ignored), path)

    def describe(self) -> str:
        """See Kind."""
        return "EBNF rules in the form of GBNF, with a rule named root"

    def schema(self) -> Schema:
        """See Kind."""
        return WORDS.schema()


@dataclass(frozen=True, slots=True)
class JsonObject:
    """true: any JSON object. false says nothing."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar | None:
        """See Kind."""
        return grammar.ANY_OBJECT if FLAG.read(value, path, ignored) else None

    def describe(self) -> str:
        """See Kind."""
        return FLAG.describe()

    def schema(self) -> Schema:
        """See Kind."""
        return FLAG.schema()


@dataclass(frozen=True, slots=True)
class StructuralTag:
    """A structural tag, or a string that holds one, as vLLM sends it."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar:
        """See Kind."""
        if type(value) is str:
            value = grammar.parsed(grammar.limited(value, path), path)
        return grammar.of_structural_tag(value, path)

    def describe(self) -> str:
        """See Kind."""
        return "a structural tag, or a string that holds one"

    def schema(self) -> Schema:
        """See Kind."""
        return {"anyOf": [{"type": "object"}, WORDS.schema()]}


@dataclass(frozen=True, slots=True)
class StructuredOutputs:
    """vLLM's structured_outputs: exactly one of six members."""

    def read(self, value: Any, path: str, ignored: Ignored) -> Grammar | None:
        """See Kind."""
        if type(value) is not dict:
            raise wrong_type(path, self.describe())
        note_others(value, tuple(MEMBERS), path, ignored)
        given = [key for key in MEMBERS if value.get(key) is not None]
        if len(given) != 1:
            raise wrong_value(path, self.describe())
        (key,) = given
        read: Grammar | None = MEMBERS[key].read(value[key], f"{path}.{key}", ignored)
        return read

    def describe(self) -> str:
        """See Kind."""
        return f"an object with exactly one of {', '.join(MEMBERS)}"

    def schema(self) -> Schema:
        """See Kind."""
        return {"type": "object", "properties": {key: kind.schema() for key, kind in MEMBERS.items()}}


MEMBERS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "json": GuidedJson(),
        "regex": GuidedRegex(),
        "choice": GuidedChoice(),
        "grammar": GuidedGrammar(),
        "json_object": JsonObject(),
        "structural_tag": StructuralTag(),
    }
)


def one_of(names: tuple[str, ...]) -> str:
    """The names, as a sentence has them."""
    return "one of " + ", ".join(f"'{name}'" for name in names)


def note_others(value: dict[str, Any], known: tuple[str, ...], path: str, ignored: Ignored) -> None:
    """Notes the members that nobody reads."""
    for key, member in value.items():
        if key not in known and member is not None:
            ignored.add(f"{path}.{key}")
