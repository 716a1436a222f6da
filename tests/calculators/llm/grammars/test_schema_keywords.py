"""What becomes of each keyword of JSON Schema, shown with the engine itself.

docs/structured-output.md says the same in words.
"""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

import jsonschema
import pytest

from ovpipe.calculators.llm.grammars.requested import of_choices, of_schema
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError
from tests.engines.follower import Follower

Schema = dict[str, Any]
A_INT: Schema = {"a": {"type": "integer"}}
AB_INT: Schema = {"a": {"type": "integer"}, "b": {"type": "integer"}}


class Case(NamedTuple):
    """A schema, a text that is valid by it, one that is not, and what the engine makes of it.

    honoured: takes the first only. ignored: takes both. narrowed: takes neither.
    """

    schema: Schema
    valid: str
    invalid: str
    fate: Literal["honoured", "ignored", "narrowed"]


CASES = {
    "type": Case({"type": "integer"}, "1", '"a"', "honoured"),
    "type, a list": Case({"type": ["integer", "null"]}, "null", '"a"', "honoured"),
    "enum": Case({"enum": ["ä", 1]}, '"ä"', '"b"', "honoured"),
    "const": Case({"const": {"a": 1}}, '{"a":1}', '{"a":2}', "honoured"),
    "properties": Case({"type": "object", "properties": A_INT}, '{"a":1}', '{"a":"x"}', "honoured"),
    "properties, no type": Case({"properties": A_INT}, '{"a": 1}', '{"a":"x"}', "honoured"),
    "required": Case(
        {"type": "object", "properties": AB_INT, "required": ["b"]}, '{"b":1}', '{"a":1}', "honoured"
    ),
    "required, no properties": Case({"type": "object", "required": ["zz"]}, '{"zz":1}', "{}", "honoured"),
    "required, beside properties": Case(
        {"type": "object", "properties": A_INT, "required": ["zz"]}, '{"a":1,"zz":1}', '{"a":1}', "honoured"
    ),
    "additionalProperties false": Case(
        {"type": "object", "properties": A_INT, "additionalProperties": False},
        '{"a":1}',
        '{"z":2}',
        "honoured",
    ),
    "additionalProperties, a schema": Case(
        {"type": "object", "additionalProperties": {"type": "integer"}}, '{"z":2}', '{"z":"a"}', "honoured"
    ),
    "unevaluatedProperties false": Case(
        {"type": "object", "properties": A_INT, "unevaluatedProperties": False},
        '{"a":1}',
        '{"z":2}',
        "honoured",
    ),
    "patternProperties": Case(
        {"type": "object", "patternProperties": {"^x[a-z]*$": {"type": "integer"}}},
        '{"xa":1}',
        '{"xa":"s"}',
        "honoured",
    ),
    "propertyNames": Case(
        {"type": "object", "propertyNames": {"pattern": "^[a-c]+$"}}, '{"abc":1}', '{"xyz":1}', "honoured"
    ),
    "minProperties": Case({"type": "object", "minProperties": 2}, '{"a":1,"b":2}', '{"a":1}', "honoured"),
    "maxProperties": Case({"type": "object", "maxProperties": 1}, '{"a":1}', '{"a":1,"b":2}', "honoured"),
    "dependentRequired": Case(
        {"type": "object", "properties": AB_INT, "dependentRequired": {"a": ["b"]}},
        '{"a":1,"b":2}',
        '{"a":1}',
        "ignored",
    ),
    "dependentSchemas": Case(
        {"type": "object", "properties": AB_INT, "dependentSchemas": {"a": {"required": ["b"]}}},
        '{"a":1,"b":2}',
        '{"a":1}',
        "ignored",
    ),
    "items": Case({"type": "array", "items": {"type": "integer"}}, "[1,2]", '["a"]', "honoured"),
    "items false": Case({"type": "array", "items": False}, "[]", "[1]", "honoured"),
    "prefixItems": Case(
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
        '[1,"a"]',
        '["a",1]',
        "honoured",
    ),
    "unevaluatedItems": Case(
        {"type": "array", "prefixItems": [{"type": "integer"}], "unevaluatedItems": False},
        "[1]",
        "[1,2]",
        "honoured",
    ),
    "minItems": Case(
        {"type": "array", "items": {"type": "integer"}, "minItems": 2}, "[1,2]", "[1]", "honoured"
    ),
    "minItems, no items": Case({"type": "array", "minItems": 2}, '[1,"a"]', "[1]", "honoured"),
    "maxItems": Case(
        {"type": "array", "items": {"type": "integer"}, "maxItems": 1}, "[1]", "[1,2]", "honoured"
    ),
    "a word on nothing": Case({"type": "object", "x-order": 1}, '{"a":1}', "1", "honoured"),
    "uniqueItems": Case({"type": "array", "uniqueItems": True}, "[1,2]", "[1,1]", "ignored"),
    "contains": Case({"type": "array", "contains": {"type": "integer"}}, '["a",1]', '["a"]', "ignored"),
    "minContains": Case(
        {"type": "array", "contains": {"type": "integer"}, "minContains": 2}, "[1,1]", "[1]", "ignored"
    ),
    "maxContains": Case(
        {"type": "array", "contains": {"type": "integer"}, "maxContains": 1}, "[1]", "[1,1]", "ignored"
    ),
    "minLength": Case({"type": "string", "minLength": 3}, '"äöü"', '"äö"', "honoured"),
    "maxLength": Case({"type": "string", "maxLength": 3}, '"abc"', '"abcd"', "honoured"),
    "maxLength, no type": Case({"maxLength": 3}, '"abc"', '"abcd"', "ignored"),
    "pattern": Case({"type": "string", "pattern": "^[a-c]+$"}, '"abc"', '"xyz"', "honoured"),
    "pattern, a part": Case({"type": "string", "pattern": "b"}, '"abc"', '"xyz"', "narrowed"),
    "pattern beside maxLength": Case(
        {"type": "string", "pattern": "^[a-c]+$", "maxLength": 2}, '"ab"', '"abc"', "ignored"
    ),
    "format beside maxLength": Case(
        {"type": "string", "format": "date", "maxLength": 9}, '"2020-01-01"', '"2020-01-01"', "ignored"
    ),
    "minimum of integers": Case({"type": "integer", "minimum": 5}, "17", "1", "honoured"),
    "negative minimum of integers": Case({"type": "integer", "minimum": -5}, "-4", "-6", "honoured"),
    "maximum of integers": Case({"type": "integer", "maximum": -5}, "-6", "-4", "honoured"),
    "range of integers": Case({"type": "integer", "minimum": -15, "maximum": 3}, "-9", "4", "honoured"),
    "exclusiveMinimum of integers": Case({"type": "integer", "exclusiveMinimum": 5}, "6", "5", "honoured"),
    "exclusiveMaximum of integers": Case({"type": "integer", "exclusiveMaximum": 5}, "4", "5", "honoured"),
    "range of numbers": Case({"type": "number", "minimum": 0, "maximum": 1}, "0.5", "1.4", "ignored"),
    "minimum, no type": Case({"minimum": 5}, "5", "4", "ignored"),
    "multipleOf": Case({"type": "integer", "multipleOf": 3}, "6", "5", "ignored"),
    "anyOf": Case({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null", '"a"', "honoured"),
    "beside anyOf": Case(
        {"type": "integer", "minimum": 5, "maximum": 9, "anyOf": [{"type": "integer"}]}, "7", "1", "ignored"
    ),
    "oneOf": Case(
        {
            "oneOf": [
                {"type": "integer", "minimum": 0, "maximum": 9},
                {"type": "integer", "minimum": 5, "maximum": 20},
            ]
        },
        "17",
        "7",
        "ignored",
    ),
    "allOf, one": Case({"allOf": [{"type": "integer"}]}, "1", '"a"', "honoured"),
    "allOf, two": Case({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "4", '"a"', "ignored"),
    "not": Case({"type": "string", "not": {"enum": ["bad"]}}, '"ok"', '"bad"', "ignored"),
    "if, then": Case(
        {"type": "object", "properties": AB_INT, "if": {"required": ["a"]}, "then": {"required": ["b"]}},
        '{"a":1,"b":2}',
        '{"a":1}',
        "ignored",
    ),
    "$ref": Case({"$defs": {"x": {"type": "integer"}}, "$ref": "#/$defs/x"}, "1", '"a"', "honoured"),
    "$ref to itself": Case(
        {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "n": {"$ref": "#"}},
            "required": ["v"],
            "additionalProperties": False,
        },
        '{"v":1,"n":{"v":2}}',
        '{"v":1,"n":{}}',
        "honoured",
    ),
    "beside $ref": Case(
        {"$defs": {"x": {"type": "integer"}}, "$ref": "#/$defs/x", "minimum": 5}, "7", "1", "ignored"
    ),
    "$ref by $anchor": Case(
        {"$defs": {"x": {"$anchor": "foo", "type": "integer"}}, "$ref": "#foo"}, "1", '"a"', "honoured"
    ),
    "$dynamicRef": Case(
        {"$defs": {"x": {"$dynamicAnchor": "foo", "type": "integer"}}, "$dynamicRef": "#foo"},
        "1",
        '"a"',
        "ignored",
    ),
    "beside enum": Case({"enum": ["a", "bb"], "maxLength": 1}, '"a"', '"bb"', "ignored"),
    "format date": Case({"type": "string", "format": "date"}, '"2020-01-31"', '"nope"', "honoured"),
    "format email": Case({"type": "string", "format": "email"}, '"a@b.co"', '"nope"', "honoured"),
    "format uuid": Case(
        {"type": "string", "format": "uuid"}, '"123e4567-e89b-12d3-a456-426614174000"', '"nope"', "honoured"
    ),
    "format ipv4": Case({"type": "string", "format": "ipv4"}, '"1.2.3.4"', '"nope"', "honoured"),
    "format iri": Case({"type": "string", "format": "iri"}, '"http://a/b"', '"no pe"', "ignored"),
}
NOT_VALID_BY_WORDS = {"format iri", "format beside maxLength"}
"""jsonschema takes formats for annotations; and the one text here shows that both keywords cannot be had."""

CHOICES = ('a"b', "a\\b", "line\nbreak\t", "ä日😀", "[x](y)|z*+?{}^$", "yes")
UNORDERED = '{"b":2,"a":1}'
QUOTED = '"a"b"'


@pytest.fixture(scope="module", params=["genai", pytest.param("graph", marks=pytest.mark.slow)])
def follower(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Follower:
    texts = [text for case in CASES.values() for text in (case.valid, case.invalid)]
    folder = tmp_path_factory.mktemp("follower")
    return Follower([*texts, *CHOICES, UNORDERED, QUOTED, "nope"], folder, request.param)


def takes(follower: Follower, grammar: Grammar, case: Case) -> tuple[bool, bool]:
    return follower.takes(grammar, case.valid), follower.takes(grammar, case.invalid)


@pytest.mark.parametrize("name", CASES)
def test_the_texts_are_valid_and_invalid_as_json_schema_has_it(name: str) -> None:
    case = CASES[name]
    validator = jsonschema.Draft202012Validator(case.schema)
    if name not in NOT_VALID_BY_WORDS and not name.startswith("format"):
        assert validator.is_valid(json.loads(case.valid))
        assert not validator.is_valid(json.loads(case.invalid))


@pytest.mark.parametrize("name", CASES)
def test_what_the_engine_makes_of_a_keyword(follower: Follower, name: str) -> None:
    case = CASES[name]
    expected = {
        "honoured": (True, False),
        "ignored": (True, True),
        "narrowed": (False, False),
    }
    assert takes(follower, of_schema(case.schema, "s"), case) == expected[case.fate]


@pytest.mark.parametrize("name", CASES)
def test_a_strict_schema_is_honoured_or_refused(name: str) -> None:
    case = CASES[name]
    if case.fate == "ignored":
        with pytest.raises(RequestError) as caught:
            of_schema(case.schema, "s", strict=True)
        assert caught.value.code == "invalid_json_schema"
    else:
        of_schema(case.schema, "s", strict=True)


def test_properties_come_in_the_schemas_order_and_no_others_beside_them(follower: Follower) -> None:
    grammar = of_schema({"type": "object", "properties": AB_INT}, "s")
    assert follower.takes(grammar, '{"a":1,"b":2}')
    assert not follower.takes(grammar, UNORDERED)
    assert not follower.takes(grammar, '{"z":2}')


def test_a_pattern_cannot_leave_the_string(follower: Follower) -> None:
    schema = {"type": "string", "pattern": "^a.b$"}
    assert not follower.takes(of_schema(schema, "s", strict=True), QUOTED)


@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_is_taken_to_the_letter(follower: Follower, choice: str) -> None:
    assert follower.takes(of_choices(CHOICES, "c"), choice)
    assert not follower.takes(of_choices(CHOICES, "c"), "nope")
