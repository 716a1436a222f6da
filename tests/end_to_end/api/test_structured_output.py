"""Structured output over HTTP: what the engine writes follows the grammar, and a bad one is its sender's 400."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.end_to_end.api.conftest import Api, text

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
    """Room for the white space that a model which knows no better puts between two words."""
    return {"max_tokens": 2000, "temperature": 1.0, "seed": 5, **parameters}


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
