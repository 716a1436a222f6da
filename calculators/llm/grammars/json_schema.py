"""JSON Schemas that clients send, each checked and refused by the place of what is wrong.

What becomes of each keyword is shown with a model that wants to write a certain text and is let or not:
tests/calculators/llm/grammars/test_schema_keywords.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ovpipe.calculators.llm.grammars.strict_schema import why_not_strict
from ovpipe.calculators.llm.parameters.unknown_keys import WELL_FORMED
from ovpipe.engines.grammars.ebnf.expression_rules import expression_of_string
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.references import References
from ovpipe.engines.grammars.ebnf.scalars import MOST_COUNT
from ovpipe.errors import RequestError

MOST_DEPTH: Final = 64
"""Schemas inside each other. Compiling takes 0.06 s at 64, 1.2 s at 300 and 9 s at 600."""

TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

Checked = Callable[[Any], bool]


def read_schema(schema: Any, path: str, *, strict: bool = False) -> Any:
    """The schema, once it is checked; raises RequestError 400 (invalid_json_schema) naming the place.

    It must be what draft 2020-12 calls a schema, its references must lead to places in it, and its patterns
    must be expressions that a grammar can keep to. `strict`: nothing in it may be without effect.
    """
    return _Reader(strict, References(schema)).schema(schema, path, 1)


def invalid_schema(path: str, fact: str) -> RequestError:
    """The error for a schema that is none, or not one for this server."""
    return RequestError(400, f"'{path}' {fact}.", code="invalid_json_schema", param=path)


def inside(path: str, key: str) -> str:
    """The place of a member. Names that are no plain words are the sender's own and not repeated."""
    return f"{path}.{key if WELL_FORMED.fullmatch(key.removeprefix('$')) else '*'}"


class _Reader:
    def __init__(self, strict: bool, references: References) -> None:
        self.strict = strict
        self.references = references

    def schema(self, schema: Any, path: str, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise invalid_schema(path, f"is nested deeper than {MOST_DEPTH} schemas")
        if isinstance(schema, bool):
            return schema
        if type(schema) is not dict:
            raise invalid_schema(path, "must be a JSON Schema: an object, true or false")
        read = {key: self.keyword(key, value, inside(path, key), depth) for key, value in schema.items()}
        if self.strict and (reason := why_not_strict(schema)) is not None:
            keyword, fact = reason
            raise invalid_schema(inside(path, keyword), f"{fact}; it cannot stand in a strict schema")
        return read

    def keyword(self, key: str, value: Any, path: str, depth: int) -> Any:
        """The value of one keyword. Those that draft 2020-12 does not know have no effect, as it wants."""
        if key == "propertyNames" and type(value) is dict:
            value = {"type": "string", **value}  # as all names are
        if key in SCHEMA_VALUED:
            return self.schema(value, path, depth + 1)
        if key in SCHEMA_LISTS:
            if type(value) is not list or not value:
                raise invalid_schema(path, "must be a list of at least one JSON Schema")
            return [self.schema(item, f"{path}[{at}]", depth + 1) for at, item in enumerate(value)]
        if key in SCHEMA_MAPS:
            if type(value) is not dict:
                raise invalid_schema(path, "must be an object of JSON Schemas")
            if key == "patternProperties":
                for pattern in value:
                    known(expression_of_string, pattern, path)
            return {name: self.schema(item, inside(path, name), depth + 1) for name, item in value.items()}
        plain = PLAIN.get(key)
        if plain is not None:
            is_right, expected = plain
            if not is_right(value):
                raise invalid_schema(path, f"must be {expected}")
        if key == "pattern":
            known(expression_of_string, value, path)
        elif key == "$ref":
            known(self.references.target, value, path)
        elif key in COUNTS and value > MOST_COUNT:
            raise invalid_schema(path, f"is more than {MOST_COUNT}; leave it out, or say less")
        return value


def known(find: Callable[[str], object], value: str, path: str) -> None:
    """Raises RequestError 400 (invalid_json_schema) where nothing is found for a value."""
    try:
        find(value)
    except GrammarProblem as problem:
        raise invalid_schema(path, str(problem)) from None


# --- what the values of keywords are, as draft 2020-12's meta-schema says


def is_number(value: Any) -> bool:
    """A JSON number."""
    return type(value) is int or type(value) is float


def is_count(value: Any) -> bool:
    """A whole number that is not negative; 3.0 is one."""
    return (type(value) is int or (type(value) is float and value.is_integer())) and value >= 0


def is_names(value: Any) -> bool:
    """A list of strings, none twice."""
    return type(value) is list and all(type(name) is str for name in value) and len({*value}) == len(value)


def is_type(value: Any) -> bool:
    """The name of a type, or a list of such names."""
    if type(value) is str:
        return value in TYPES
    return is_names(value) and bool(value) and TYPES.issuperset(value)


COUNTS: Final = frozenset(
    {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)
SCHEMA_VALUED: Final = frozenset(
    {"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames"}
    | {"then", "unevaluatedItems", "unevaluatedProperties"}
)
SCHEMA_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAPS: Final = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)

_PLAIN: Final[tuple[tuple[str, Checked, str], ...]] = (
    ("type", is_type, "the name of a JSON type or a list of them"),
    ("enum", lambda value: type(value) is list, "a list"),
    ("examples", lambda value: type(value) is list, "a list"),
    ("required", is_names, "a list of different strings"),
    (
        "dependentRequired",
        lambda value: type(value) is dict and all(map(is_names, value.values())),
        "an object of lists of different strings",
    ),
    ("multipleOf", lambda value: is_number(value) and value > 0, "a number above 0"),
    *((key, is_number, "a number") for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")),
    *(
        (key, is_count, "a whole number that is not negative")
        for key in (*sorted(COUNTS), "minContains", "maxContains")
    ),
    *(
        (key, lambda value: isinstance(value, bool), "true or false")
        for key in ("uniqueItems", "deprecated", "readOnly", "writeOnly")
    ),
    *(
        (key, lambda value: type(value) is str, "a string")
        for key in ("$ref", "$dynamicRef", "$anchor", "$dynamicAnchor", "$id", "$schema", "$comment")
    ),
    *(
        (key, lambda value: type(value) is str, "a string")
        for key in ("title", "description", "format", "contentEncoding", "contentMediaType", "pattern")
    ),
)
PLAIN: Final[Mapping[str, tuple[Checked, str]]] = MappingProxyType(
    {key: (check, expected) for key, check, expected in _PLAIN}
)
KEYWORDS: Final = frozenset({"const", *SCHEMA_VALUED, *SCHEMA_LISTS, *SCHEMA_MAPS, *PLAIN})
"""What is known of draft 2020-12."""
