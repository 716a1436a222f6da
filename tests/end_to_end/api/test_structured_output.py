"""Structured output over HTTP: what the engine writes follows the grammar, and a bad one is its sender's 400."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.end_to_end.api.conftest import Api, events, text

row = pytest.mark.parameter  # tests/house/test_parameters.py looks for these

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "kind": {"enum": ["big", "small"]},
    },
    "required": ["size", "kind"],
    "additionalProperties": False,
}


def check(answer: str) -> None:
    """An object of SCHEMA."""
    value = json.loads(answer)
    assert set(value) == {"size", "kind"}
    assert value["size"] in range(1, 10)
    assert value["kind"] in ("big", "small")


def wish(**parameters: Any) -> dict[str, Any]:
    """Room for the words and the white space between them, which has a bound."""
    return {"max_tokens": 150, "temperature": 1.0, "seed": 5, **parameters}


@row("response_format")
def test_a_response_format_is_followed(api: Api) -> None:
    strict = {"type": "json_schema", "json_schema": {"name": "thing", "strict": True, "schema": SCHEMA}}
    check(text(api.chat(**wish(response_format=strict))))
    check(text(api.chat(**wish(response_format=strict, seed=6))))
    assert text(api.chat(response_format={"type": "text"})) == text(api.chat())
    started = text(api.chat(**wish(response_format={"type": "json_object"})))
    assert started.lstrip().startswith("{")
    bad = {"type": "json_schema", "json_schema": {"name": "thing", "schema": {"type": "no such type"}}}
    assert api.chat(response_format=bad).status == 400
    assert text(api.chat())  # the others do not notice


@pytest.mark.parametrize(
    "form",
    [
        {"type": "json_object", "schema": SCHEMA},
        {"type": "json_schema", "schema": SCHEMA},
        {"type": "json_schema", "json_schema": SCHEMA},
    ],
    ids=json.dumps,
)
def test_a_schema_is_followed_wherever_it_stands(api: Api, form: Any) -> None:
    check(text(api.chat(**wish(response_format=form))))
    check(text(api.complete(**wish(response_format=form))))


def test_a_format_of_a_structural_tag_is_followed(api: Api) -> None:
    assert text(api.chat(response_format={"type": "const_string", "value": "größe"})) == "größe"
    assert re.fullmatch("[ab]{3}", text(api.chat(response_format={"type": "regex", "pattern": "[ab]{3}"})))


@pytest.mark.parametrize("seed", range(5))
def test_no_answer_in_json_goes_on_in_blanks(api: Api, seed: int) -> None:
    nested = {"type": "object", "properties": {"a": SCHEMA, "b": SCHEMA}, "required": ["a", "b"]}
    answer = api.chat(max_tokens=400, temperature=1.5, seed=seed, guided_json=nested).json()["choices"][0]
    assert answer["finish_reason"] == "stop"
    check(json.dumps(json.loads(answer["message"]["content"])["a"]))


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        ({"$ref": "https://example.com/schema.json"}, "guided_json.$ref"),
        ({"$ref": "#/$defs/none"}, "guided_json.$ref"),
        ({"type": "array", "maxItems": 10**9}, "guided_json.maxItems"),
        ({"type": "array", "items": {}, "minItems": 10**9}, "guided_json.minItems"),
        ({"type": "string", "maxLength": 10**18}, "guided_json.maxLength"),
        ({"type": "string", "pattern": "a{0,100000}"}, "guided_json.pattern"),
        ({"type": "string", "pattern": "(a{1,1000000}){1,1000000}"}, "guided_json.pattern"),
        ({"$ref": "#"}, "guided_json"),
        ({"type": "integer", "minimum": 2, "maximum": 1}, "guided_json"),
    ],
    ids=str,
)
def test_what_no_grammar_can_keep_to_is_the_senders_400(api: Api, schema: Any, param: str) -> None:
    refused = api.chat(guided_json=schema)
    assert refused.status == 400
    assert refused.json()["error"]["param"] == param
    assert text(api.chat())  # the engine does not notice


def test_a_huge_bound_of_an_expression_is_the_senders_400(api: Api) -> None:
    assert api.chat(guided_regex="a{0,100000}").error() == (400, "invalid_grammar", "guided_regex")
    assert api.chat(guided_regex="*a").error() == (400, "invalid_grammar", "guided_regex")


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"enum": ["Rome", "Oslo"]}},
            "required": ["city"],
        },
    },
}


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_format_beside_a_forced_call_leaves_the_call(api: Api, stream: bool) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "thing", "schema": SCHEMA}}
    wishes = wish(tools=[WEATHER], tool_choice="required", response_format=form, stream=stream)
    wishes["parallel_tool_calls"] = False
    answer = api.chat(**wishes)
    assert answer.status == 200
    if stream:
        chunks = [chunk["choices"][0] for chunk in events(answer) if chunk["choices"]]
        calls = [call for chunk in chunks for call in chunk["delta"].get("tool_calls", ())]
        arguments = "".join(call["function"].get("arguments", "") for call in calls if call["index"] == 0)
        finish = chunks[-1]["finish_reason"]
    else:
        choice = answer.json()["choices"][0]
        arguments = choice["message"]["tool_calls"][0]["function"]["arguments"]
        finish = choice["finish_reason"]
    assert finish == "tool_calls"
    assert json.loads(arguments)["city"] in ("Rome", "Oslo")
    check(text(api.chat(**wishes | {"tool_choice": "none", "stream": False})))


@row("json_schema")
def test_json_schema_is_followed(api: Api) -> None:
    check(text(api.chat(**wish(json_schema=SCHEMA))))
    check(text(api.complete(**wish(json_schema=json.dumps(SCHEMA)))))


@row("grammar")
def test_grammar_is_followed(api: Api) -> None:
    assert text(api.chat(grammar='root ::= "x" | "y"')) in ("x", "y")
    assert text(api.chat(grammar="")) == text(api.chat())


@row("structured_outputs")
def test_structured_outputs_are_followed(api: Api) -> None:
    check(text(api.chat(**wish(structured_outputs={"json": SCHEMA}))))
    assert text(api.complete(structured_outputs={"choice": ["yes", "no"]})) in ("yes", "no")
    assert re.fullmatch("[ab]{3}", text(api.chat(structured_outputs={"regex": "[ab]{3}"})))


@row("guided_json")
def test_guided_json_is_followed(api: Api) -> None:
    check(text(api.chat(**wish(guided_json=SCHEMA))))
    check(text(api.complete(**wish(guided_json=json.dumps(SCHEMA)))))


@row("guided_regex")
def test_guided_regex_is_followed(api: Api) -> None:
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}", text(api.chat(guided_regex=r"[0-9]{4}-[0-9]{2}")))
    assert api.chat(guided_regex="(((").status == 400


@row("guided_choice")
def test_guided_choice_is_followed(api: Api) -> None:
    assert text(api.chat(guided_choice=["red (1)", 'gr"een', "blue\n"])) in ("red (1)", 'gr"een', "blue\n")


@row("guided_grammar")
def test_guided_grammar_is_followed(api: Api) -> None:
    assert re.fullmatch(r"(x|y)\+(x|y)", text(api.chat(guided_grammar='root ::= v "+" v\nv ::= "x" | "y"')))
    assert api.chat(guided_grammar="root ::= missing").status == 400


def test_two_grammars_at_once_are_refused(api: Api) -> None:
    both = api.chat(guided_regex="a", guided_choice=["b"])
    assert both.error() == (400, "invalid_value", "guided_choice")


def test_each_of_n_choices_follows_the_grammar(api: Api) -> None:
    answer = api.chat(n=3, temperature=1.5, seed=1, guided_regex="[a-f]{5}")
    shown = [choice["message"]["content"] for choice in answer.json()["choices"]]
    assert all(re.fullmatch("[a-f]{5}", one) for one in shown)
    assert len(set(shown)) > 1
