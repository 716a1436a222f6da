"""response_format, structured_outputs and the guided parameters, read from a request's body."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from ovpipe.calculators.llm.parameters.structured_output import (
    GuidedChoice,
    GuidedGrammar,
    GuidedJson,
    GuidedRegex,
    ResponseFormat,
    StructuredOutputs,
)
from ovpipe.calculators.llm.parameters.values import Ignored, Kind
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError

ANY_OBJECT = Grammar("json_schema", '{"type":"object"}')
NULL = Grammar("json_schema", '{"type":"null"}')
KINDS: list[Kind] = [
    ResponseFormat(),
    StructuredOutputs(),
    GuidedJson(),
    GuidedRegex(),
    GuidedChoice(),
    GuidedGrammar(),
]


def read(kind: Kind, value: Any) -> Any:
    return kind.read(value, "p", Ignored())


def refusal(kind: Kind, value: Any) -> tuple[int, str | None, str | None]:
    with pytest.raises(RequestError) as caught:
        read(kind, value)
    return caught.value.status, caught.value.code, caught.value.param


def test_response_formats() -> None:
    kind = ResponseFormat()
    assert read(kind, {"type": "text"}) is None
    assert read(kind, {"type": "json_object"}) == ANY_OBJECT
    named = {"name": "n", "description": "d", "schema": {"type": "null"}, "strict": None}
    assert read(kind, {"type": "json_schema", "json_schema": named}) == NULL
    tag = {"type": "structural_tag", "format": {"type": "any_text"}}
    assert json.loads(read(kind, tag).text) == tag


@pytest.mark.parametrize(
    ("value", "code", "param"),
    [
        ("json", "invalid_type", "p"),
        ({}, "missing_required_parameter", "p.type"),
        ({"type": 1}, "invalid_type", "p.type"),
        ({"type": "xml"}, "invalid_value", "p.type"),
        ({"type": "json_schema"}, "missing_required_parameter", "p.json_schema"),
        ({"type": "json_schema", "json_schema": []}, "invalid_type", "p.json_schema"),
        (
            {"type": "json_schema", "json_schema": {"name": "n"}},
            "missing_required_parameter",
            "p.json_schema.schema",
        ),
        (
            {"type": "json_schema", "json_schema": {"name": 1, "schema": {}}},
            "invalid_type",
            "p.json_schema.name",
        ),
        (
            {"type": "json_schema", "json_schema": {"strict": "yes", "schema": {}}},
            "invalid_type",
            "p.json_schema.strict",
        ),
        (
            {"type": "json_schema", "json_schema": {"schema": {"type": "nope"}}},
            "invalid_json_schema",
            "p.json_schema.schema.type",
        ),
        ({"type": "structural_tag"}, "missing_required_parameter", "p.format"),
    ],
)
def test_a_response_format_that_is_none_is_refused(value: Any, code: str, param: str) -> None:
    assert refusal(ResponseFormat(), value) == (400, code, param)


def test_strict_refuses_what_would_have_no_effect() -> None:
    def wish(strict: bool) -> dict[str, Any]:
        schema = {"type": "number", "multipleOf": 3}
        return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}

    assert read(ResponseFormat(), wish(False)) is not None
    assert refusal(ResponseFormat(), wish(True))[1:] == (
        "invalid_json_schema",
        "p.json_schema.schema.multipleOf",
    )


def test_members_that_nobody_reads_are_noted() -> None:
    ignored = Ignored()
    ResponseFormat().read({"type": "json_object", "schema": {}, "more": None}, "p", ignored)
    StructuredOutputs().read({"regex": "a", "whitespace_pattern": " "}, "q", ignored)
    assert list(ignored.names) == ["p.schema", "q.whitespace_pattern"]


def test_guided_parameters() -> None:
    assert read(GuidedJson(), {"type": "null"}) == NULL
    assert read(GuidedJson(), '{"type": "null"}') == NULL
    assert read(GuidedRegex(), "a+") == Grammar("regex", "a+")
    assert read(GuidedChoice(), ["a", "b"]) == Grammar("ebnf", 'root ::= "a" | "b"')
    assert read(GuidedGrammar(), 'root ::= "a"') == Grammar("ebnf", 'root ::= "a"')


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (GuidedJson(), 1, "invalid_type"),
        (GuidedJson(), "{", "invalid_grammar"),
        (GuidedRegex(), "", "invalid_value"),
        (GuidedRegex(), ["a"], "invalid_type"),
        (GuidedChoice(), "a", "invalid_type"),
        (GuidedChoice(), [], "invalid_value"),
        (GuidedChoice(), ["a"] * 1025, "invalid_value"),
        (GuidedChoice(), ["a", 1], "invalid_type"),
        (GuidedChoice(), [""], "invalid_value"),
        (GuidedGrammar(), 1, "invalid_type"),
    ],
)
def test_guided_parameters_of_a_wrong_form_are_refused(kind: Kind, value: Any, code: str) -> None:
    assert refusal(kind, value)[:2] == (400, code)


@pytest.mark.parametrize(
    ("value", "grammar"),
    [
        ({"json": {"type": "null"}}, NULL),
        ({"json": '{"type": "null"}', "regex": None}, NULL),
        ({"regex": "a"}, Grammar("regex", "a")),
        ({"choice": ["a"]}, Grammar("ebnf", 'root ::= "a"')),
        ({"grammar": 'root ::= "a"'}, Grammar("ebnf", 'root ::= "a"')),
        ({"json_object": True}, ANY_OBJECT),
        ({"json_object": False}, None),
    ],
)
def test_structured_outputs(value: Any, grammar: Grammar | None) -> None:
    assert read(StructuredOutputs(), value) == grammar


def test_structured_outputs_take_a_structural_tag_as_an_object_and_as_a_string() -> None:
    tag = {"type": "structural_tag", "format": {"type": "any_text"}}
    for value in (tag, json.dumps(tag)):
        assert json.loads(read(StructuredOutputs(), {"structural_tag": value}).text) == tag
    assert refusal(StructuredOutputs(), {"structural_tag": "{"}) == (
        400,
        "invalid_grammar",
        "p.structural_tag",
    )


def test_strings_that_hold_infinite_numbers_are_refused() -> None:
    schema = '{"type": "string", "minLength": 1e999}'
    tag = f'{{"format": {{"type": "json_schema", "json_schema": {schema}}}}}'
    assert refusal(GuidedJson(), schema) == (400, "invalid_grammar", "p")
    assert refusal(StructuredOutputs(), {"json": schema}) == (400, "invalid_grammar", "p.json")
    assert refusal(StructuredOutputs(), {"structural_tag": tag}) == (
        400,
        "invalid_grammar",
        "p.structural_tag",
    )


@pytest.mark.parametrize("value", [{}, {"regex": "a", "choice": ["a"]}, {"more": 1}, {"regex": None}])
def test_structured_outputs_say_exactly_one_thing(value: Any) -> None:
    assert refusal(StructuredOutputs(), value) == (400, "invalid_value", "p")
    assert refusal(StructuredOutputs(), [value]) == (400, "invalid_type", "p")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
def test_each_kind_describes_itself_and_has_a_schema(kind: Kind) -> None:
    assert kind.describe()
    jsonschema.Draft202012Validator.check_schema(kind.schema())
