"""What an answer must follow: OpenAI's response_format, and vLLM's names. Each becomes a Grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from ovpipe.calculators.llm.grammars import requested
from ovpipe.calculators.llm.grammars.json_schema import KEYWORDS
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText, Object, says
from ovpipe.calculators.llm.parameters.wire.bare_formats import XgrammarFormat
from ovpipe.engines.protocol import Grammar

JsonSchema = Annotated[Object | bool, Meta(title="a JSON Schema", extra={"words": "a JSON Schema"})]
SchemaOrText = Annotated[JsonSchema | NonEmptyText, says("a JSON Schema, or a string that holds one")]
TagOrText = Annotated[Object | NonEmptyText, says("a structural tag, or a string that holds one")]
Regex = Annotated[NonEmptyText, says("a regular expression, as a non-empty string")]
Rules = Annotated[
    NonEmptyText, says("EBNF rules in the form of GBNF, with a rule named root, as a non-empty string")
]
RulesOrNothing = Annotated[str, says("EBNF rules in the form of GBNF, with a rule named root")]
AllowedTexts = Annotated[
    list[NonEmptyText],
    Meta(
        min_length=1,
        max_length=requested.MOST_ALTERNATIVES,
        extra={"words": f"a list of 1 to {requested.MOST_ALTERNATIVES} non-empty strings"},
    ),
]


SCHEMA_KEYWORDS: Final = KEYWORDS - {"description"}
"""What tells a schema alone from one with its name."""


class TextFormat(Struct, frozen=True, tag_field="type", tag="text"):
    """Any text."""

    def grammar(self, path: str) -> Grammar | None:
        """None."""
        return None


class JsonObjectFormat(Struct, frozen=True, tag_field="type", tag="json_object"):
    """A JSON object; with llama.cpp's `schema`, JSON that follows it."""

    schema: JsonSchema | None = None

    def grammar(self, path: str) -> Grammar | None:
        """The schema's, or any object's."""
        if self.schema is None:
            return requested.ANY_OBJECT
        return requested.of_schema(self.schema, f"{path}.schema")


class NamedSchema(Struct, frozen=True, kw_only=True):
    """A JSON Schema with its name. `strict`: nothing in it may be without effect."""

    schema: JsonSchema
    name: NonEmptyText | None = None
    description: NonEmptyText | None = None
    strict: bool | None = None


NamedOrBare = Annotated[
    Object,
    Meta(
        description="A schema with its name, or a JSON Schema alone, as OpenVINO Model Server takes it.",
        extra_json_schema={
            "properties": {
                "schema": {"description": "A JSON Schema."},
                "name": {"type": "string"},
                "description": {"type": "string"},
                "strict": {"type": "boolean"},
            }
        },
    ),
]


class JsonSchemaFormat(Struct, frozen=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema: in `json_schema`, or as llama.cpp's `schema`."""

    json_schema: NamedOrBare | None = None
    schema: JsonSchema | None = None

    def grammar(self, path: str) -> Grammar | None:
        """The schema's."""
        if self.json_schema is not None:
            return of_named(self.json_schema, f"{path}.json_schema")
        if self.schema is not None:
            return requested.of_schema(self.schema, f"{path}.schema")
        raise missing(f"{path}.json_schema", "an object with a 'schema'")


class StructuralTagFormat(Struct, frozen=True, tag_field="type", tag="structural_tag"):
    """Text with structures in it: a `format` of xgrammar's, or vLLM's older `structures` with `triggers`."""

    format: Object | None = None
    structures: list[Object] | None = None
    triggers: list[str] | None = None

    def grammar(self, path: str) -> Grammar | None:
        """The tag's."""
        members = {name: getattr(self, name) for name in self.__struct_fields__}
        given = {name: member for name, member in members.items() if member is not None}
        return requested.of_structural_tag(given, path)


ResponseFormat = TextFormat | JsonObjectFormat | JsonSchemaFormat | StructuralTagFormat | XgrammarFormat


class StructuredOutputs(Struct, frozen=True, kw_only=True):
    """vLLM's structured_outputs: exactly one of six members."""

    json: SchemaOrText | None = None
    regex: Regex | None = None
    choice: AllowedTexts | None = None
    grammar: Rules | None = None
    json_object: bool | None = None
    structural_tag: TagOrText | None = None


OneOfStructuredOutputs = Annotated[
    StructuredOutputs, says(f"an object with exactly one of {', '.join(StructuredOutputs.__struct_fields__)}")
]


def of_format(format: ResponseFormat, path: str) -> Grammar | None:
    """The grammar of a response_format; None: any text."""
    return format.grammar(path)


def of_named(given: Mapping[str, Any], path: str) -> Grammar:
    """The grammar of a schema with its name, or of a schema alone; raises RequestError 400."""
    if "schema" not in given and not SCHEMA_KEYWORDS.isdisjoint(given):
        return requested.of_schema(given, path)
    named: NamedSchema = read_as(given, NamedSchema, path)
    return requested.of_schema(named.schema, f"{path}.schema", strict=bool(named.strict))


def of_structured_outputs(outputs: StructuredOutputs, path: str) -> Grammar | None:
    """The grammar of the one member; RequestError 400 where there is not exactly one."""
    given = [name for name in outputs.__struct_fields__ if getattr(outputs, name) is not None]
    if len(given) != 1:
        raise wrong_value(path, f"an object with exactly one of {', '.join(outputs.__struct_fields__)}")
    (name,) = given
    return MEMBERS[name](getattr(outputs, name), f"{path}.{name}")


def of_client_rules(rules: str, path: str) -> Grammar | None:
    """The grammar of llama.cpp's `grammar`, which is empty where there is none."""
    return requested.of_rules(rules, path) if rules else None


def of_json(schema: Object | bool | str, path: str) -> Grammar:
    """The grammar of a JSON Schema, or of a string that holds one."""
    return (
        requested.of_schema_text(schema, path)
        if isinstance(schema, str)
        else requested.of_schema(schema, path)
    )


def of_json_object(wanted: bool, path: str) -> Grammar | None:
    """Any object's; false says nothing."""
    return requested.ANY_OBJECT if wanted else None


def of_tag(tag: Object | str, path: str) -> Grammar:
    """The grammar of a structural tag, or of a string that holds one, as vLLM sends it."""
    if isinstance(tag, str):
        tag = requested.parsed(requested.limited(tag, path), path)
    return requested.of_structural_tag(tag, path)


MEMBERS: Final[Mapping[str, Callable[[Any, str], Grammar | None]]] = {
    "json": of_json,
    "regex": requested.of_regex,
    "choice": requested.of_choices,
    "grammar": requested.of_rules,
    "json_object": of_json_object,
    "structural_tag": of_tag,
}
