"""response_format, structured_outputs and the guided parameters, read from a request's body."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.calculators.llm.packets import CompletionRequest
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest

ANY_OBJECT = Grammar("json_schema", '{"type":"object"}')
NULL = Grammar("json_schema", '{"type":"null"}')


def ask(**body: Any) -> CompletionRequest:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "x"} | body)
    request = parse(http)
    assert isinstance(request, CompletionRequest)
    return request


def read(name: str, value: Any) -> Grammar | None:
    return ask(**{name: value}).grammar


def refusal(name: str, value: Any) -> tuple[int, str | None, str | None]:
    """Status, code, and the place, in which "p" stands for the parameter."""
    with pytest.raises(RequestError) as caught:
        ask(**{name: value})
    assert caught.value.param is not None
    return caught.value.status, caught.value.code, caught.value.param.replace(name, "p", 1)


def test_response_formats() -> None:
    assert read("response_format", {"type": "text"}) is None
    assert read("response_format", {"type": "json_object"}) == ANY_OBJECT
    named = {"name": "n", "description": "d", "schema": {"type": "null"}, "strict": None}
    assert read("response_format", {"type": "json_schema", "json_schema": named}) == NULL
    tag = {"type": "structural_tag", "format": {"type": "any_text"}}
    grammar = read("response_format", tag)
    assert grammar is not None
    assert json.loads(grammar.text) == tag


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
    assert refusal("response_format", value) == (400, code, param)


@pytest.mark.parametrize(
    ("value", "grammar"),
    [
        ({"type": "json_object", "schema": {"type": "null"}}, NULL),
        ({"type": "json_object", "schema": None}, ANY_OBJECT),
        ({"type": "json_schema", "schema": {"type": "null"}}, NULL),
        ({"type": "json_schema", "json_schema": {"type": "null"}}, NULL),
        ({"type": "json_schema", "json_schema": {"type": "null", "description": "d"}}, None),
        ({"type": "json_schema", "json_schema": {"$ref": "#/$defs/a", "$defs": {"a": {}}}}, None),
    ],
)
def test_a_schema_stands_where_llama_cpp_and_openvino_model_server_have_it(
    value: Any, grammar: Grammar | None
) -> None:
    found = read("response_format", value)
    assert found is not None
    assert found.kind == "json_schema"
    assert grammar is None or found == grammar
    assert ask(response_format=value).ignored == ()


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({"type": "json_object", "schema": {"type": "nope"}}, "p.schema.type"),
        ({"type": "json_schema", "schema": {"type": "nope"}}, "p.schema.type"),
        ({"type": "json_schema", "json_schema": {"type": "nope"}}, "p.json_schema.type"),
        (
            {"type": "json_schema", "json_schema": {"properties": {"a": {"pattern": "*"}}}},
            "p.json_schema.properties.a.pattern",
        ),
    ],
)
def test_such_a_schema_is_refused_by_its_place(value: Any, param: str) -> None:
    assert refusal("response_format", value) == (400, "invalid_json_schema", param)


FORMATS: list[dict[str, Any]] = [
    {"type": "const_string", "value": "Hello"},
    {"type": "regex", "pattern": "[0-9]+"},
    {"type": "grammar", "grammar": 'root ::= "a"'},
    {"type": "any_text"},
    {"type": "qwen_xml_parameter", "json_schema": {"type": "object"}},
    {"type": "sequence", "elements": [{"type": "any_text"}]},
    {"type": "or", "elements": [{"type": "const_string", "value": "a"}, {"type": "any_text"}]},
    {"type": "tag", "begin": "<a>", "content": {"type": "any_text"}, "end": "</a>"},
    {"type": "triggered_tags", "triggers": ["<"], "tags": [], "at_least_one": True},
    {"type": "tags_with_separator", "tags": [], "separator": ",", "stop_after_first": True},
]


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form["type"])
def test_a_format_of_a_structural_tag_may_stand_alone(form: dict[str, Any]) -> None:
    grammar = read("response_format", form)
    assert grammar is not None
    assert grammar.kind == "structural_tag"
    assert json.loads(grammar.text) == {"type": "structural_tag", "format": form}


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"type": "const_string"}, "missing_required_parameter", "p.value"),
        ({"type": "regex", "pattern": 1}, "invalid_type", "p.pattern"),
        ({"type": "regex", "pattern": "(" * 65 + ")" * 65}, "invalid_grammar", "p.pattern"),
        (
            {"type": "tag", "begin": "a", "content": {"type": "json_schema", "json_schema": 1}, "end": ""},
            "invalid_json_schema",
            "p.content.json_schema",
        ),
        ({"type": "or", "elements": [1]}, "invalid_type", "p.elements[0]"),
    ],
)
def test_a_format_that_is_none_is_refused_by_its_place(form: Any, code: str, param: str) -> None:
    assert refusal("response_format", form) == (400, code, param)


def test_llama_cpps_own_parameters() -> None:
    assert read("json_schema", {"type": "null"}) == NULL
    assert read("json_schema", '{"type": "null"}') == NULL
    assert read("grammar", 'root ::= "a"') == Grammar("ebnf", 'root ::= "a"')
    assert read("grammar", "") is None
    assert refusal("json_schema", {"type": "nope"}) == (400, "invalid_json_schema", "p.type")
    with pytest.raises(RequestError, match="absent beside another parameter that says the same"):
        ask(json_schema={}, grammar='root ::= "a"')


def test_strict_refuses_what_would_have_no_effect() -> None:
    def wish(strict: bool) -> dict[str, Any]:
        schema = {"type": "number", "multipleOf": 3}
        return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}

    assert read("response_format", wish(False)) is not None
    assert refusal("response_format", wish(True))[1:] == (
        "invalid_json_schema",
        "p.json_schema.schema.multipleOf",
    )


def test_members_that_nobody_reads_are_noted() -> None:
    assert ask(response_format={"type": "json_object", "name": {}, "more": None}).ignored == (
        "response_format.name",
    )
    assert ask(structured_outputs={"regex": "a", "whitespace_pattern": " "}).ignored == (
        "structured_outputs.whitespace_pattern",
    )


def test_guided_parameters() -> None:
    assert read("guided_json", {"type": "null"}) == NULL
    assert read("guided_json", '{"type": "null"}') == NULL
    assert read("guided_regex", "a+") == Grammar("regex", "a+")
    assert read("guided_choice", ["a", "b"]) == Grammar("ebnf", 'root ::= "a" | "b"')
    assert read("guided_grammar", 'root ::= "a"') == Grammar("ebnf", 'root ::= "a"')


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("guided_json", 1, "invalid_type"),
        ("guided_json", "{", "invalid_grammar"),
        ("guided_regex", "", "invalid_value"),
        ("guided_regex", ["a"], "invalid_type"),
        ("guided_choice", "a", "invalid_type"),
        ("guided_choice", [], "invalid_value"),
        ("guided_choice", ["a"] * 1025, "invalid_value"),
        ("guided_choice", ["a", 1], "invalid_type"),
        ("guided_choice", [""], "invalid_value"),
        ("guided_grammar", 1, "invalid_type"),
    ],
)
def test_guided_parameters_of_a_wrong_form_are_refused(name: str, value: Any, code: str) -> None:
    assert refusal(name, value)[:2] == (400, code)


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
    assert read("structured_outputs", value) == grammar


def test_structured_outputs_take_a_structural_tag_as_an_object_and_as_a_string() -> None:
    tag = {"type": "structural_tag", "format": {"type": "any_text"}}
    for value in (tag, json.dumps(tag)):
        grammar = read("structured_outputs", {"structural_tag": value})
        assert grammar is not None
        assert json.loads(grammar.text) == tag
    assert refusal("structured_outputs", {"structural_tag": "{"}) == (
        400,
        "invalid_grammar",
        "p.structural_tag",
    )


def test_strings_that_hold_infinite_numbers_are_refused() -> None:
    schema = '{"type": "string", "minLength": 1e999}'
    tag = f'{{"format": {{"type": "json_schema", "json_schema": {schema}}}}}'
    assert refusal("guided_json", schema) == (400, "invalid_grammar", "p")
    assert refusal("structured_outputs", {"json": schema}) == (400, "invalid_grammar", "p.json")
    assert refusal("structured_outputs", {"structural_tag": tag}) == (
        400,
        "invalid_grammar",
        "p.structural_tag",
    )


@pytest.mark.parametrize("value", [{}, {"regex": "a", "choice": ["a"]}, {"more": 1}, {"regex": None}])
def test_structured_outputs_say_exactly_one_thing(value: Any) -> None:
    assert refusal("structured_outputs", value) == (400, "invalid_value", "p")
    assert refusal("structured_outputs", [value]) == (400, "invalid_type", "p")
