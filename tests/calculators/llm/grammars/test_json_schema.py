"""JSON Schemas as clients send them: told from what is none, by place, and handed on as they are meant."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.grammars.json_schema import MOST_DEPTH, read_schema
from ovpipe.errors import RequestError

Schema = dict[str, Any]


def nested(depth: int) -> Any:
    schema: Any = {"type": "integer"}
    for _ in range(depth - 1):
        schema = {"type": "array", "items": schema}
    return schema


def refusal(schema: Any, *, strict: bool = False) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_schema(schema, "s", strict=strict)
    assert (caught.value.status, caught.value.code) == (400, "invalid_json_schema")
    return caught.value


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        ([], "s"),
        ("{}", "s"),
        ({"type": "nope"}, "s.type"),
        ({"type": []}, "s.type"),
        ({"properties": []}, "s.properties"),
        ({"properties": {"a": {"type": 7}}}, "s.properties.a.type"),
        ({"properties": {"a b": {"type": 7}}}, "s.properties.*.type"),
        ({"items": [{"type": "integer"}]}, "s.items"),
        ({"anyOf": []}, "s.anyOf"),
        ({"anyOf": [{}, {"minimum": "1"}]}, "s.anyOf[1].minimum"),
        ({"$defs": {"x": {"required": ["a", "a"]}}}, "s.$defs.x.required"),
        ({"minLength": -1}, "s.minLength"),
        ({"minLength": 1.5}, "s.minLength"),
        ({"multipleOf": 0}, "s.multipleOf"),
        ({"exclusiveMinimum": True}, "s.exclusiveMinimum"),
        ({"enum": "a"}, "s.enum"),
        ({"uniqueItems": 1}, "s.uniqueItems"),
        ({"$ref": 1}, "s.$ref"),
        ({"$ref": "https://example.com"}, "s.$ref"),
        ({"items": {"$ref": "other.json#/a"}}, "s.items.$ref"),
        ({"$ref": "#/$defs/none"}, "s.$ref"),
        ({"$ref": "#none"}, "s.$ref"),
        ({"$ref": "#/anyOf/1", "anyOf": [{}]}, "s.$ref"),
        ({"$ref": "#/title", "title": "no schema"}, "s.$ref"),
        ({"maxItems": 10**9}, "s.maxItems"),
        ({"properties": {"a": {"minLength": 65_536}}}, "s.properties.a.minLength"),
        ({"pattern": "*a"}, "s.pattern"),
        ({"pattern": "a{0,100000}"}, "s.pattern"),
        ({"pattern": "(a"}, "s.pattern"),
        ({"pattern": "(?=a)"}, "s.pattern"),
        ({"pattern": r"[\x00-\x1f]{2}\p{L}"}, "s.pattern"),
        ({"patternProperties": {"a**": {}}}, "s.patternProperties"),
        ({"dependentRequired": {"a": "b"}}, "s.dependentRequired"),
    ],
)
def test_what_is_no_schema_is_refused_by_its_place(schema: Any, param: str) -> None:
    assert refusal(schema).param == param


def test_depth_is_limited() -> None:
    assert read_schema(nested(MOST_DEPTH), "s") is not None
    assert "nested deeper than 64 schemas" in refusal(nested(MOST_DEPTH + 1)).message


def test_unknown_keywords_and_booleans_pass() -> None:
    schema = {"x-order": [1], "nullable": True, "properties": {"a": True, "b": False}}
    assert read_schema(schema, "s") == schema


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        ({"type": "array", "items": {"type": "array", "uniqueItems": True}}, "s.items.uniqueItems"),
        ({"type": "string", "format": "date", "pattern": "a"}, "s.format"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "s.required"),
        ({"enum": [1], "minimum": 5}, "s.minimum"),
        ({"allOf": [{"type": "integer"}, {"enum": [1]}]}, "s.allOf"),
    ],
)
def test_what_has_no_effect_is_refused_in_a_strict_schema_alone(schema: Schema, param: str) -> None:
    assert refusal(schema, strict=True).param == param
    read_schema(schema, "s")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": r"^\d{4}-\d{2}\.[a-z_]+\[\]$"},
        {"type": "string", "enum": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "array", "uniqueItems": False, "items": {"type": ["integer", "null"], "minimum": 5}},
        {"description": "d", "$defs": {"x": {"type": "null"}}, "$ref": "#/$defs/x"},
    ],
)
def test_what_has_an_effect_may_be_strict(schema: Schema) -> None:
    read_schema(schema, "s", strict=True)


KEYWORDS = [
    *("type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"),
    *("anyOf", "not", "minimum", "maxLength", "pattern", "minItems", "uniqueItems", "multipleOf"),
    *("$defs", "dependentRequired", "title", "default"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 2.0, "integer", "array", "a", "#/x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", *KEYWORDS]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYWORDS), VALUES, max_size=4))
def test_a_schema_is_what_the_meta_schema_says(schema: Schema) -> None:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError:
        refusal(schema)
    else:
        assert read_schema(schema, "s") == schema
