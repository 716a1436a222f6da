"""Parameters in tags, as Qwen3-Coder writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower


def one(value: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": value}, "required": ["a"]}


def tagged(*values: str) -> list[str]:
    return [f"<parameter=a>{value}</parameter>" for value in values]


TAKEN: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "a text": (
        one({"type": "string"}),
        tagged("", "\nif a < b:\n\n  c\n", '"a"', "<b>&amp;</b>"),
        tagged("</parameter>", "<parameter=b>"),
    ),
    "a short text": (one({"type": "string", "maxLength": 2}), tagged("ab", "\nab\n"), tagged("abcde")),
    "a text of some form": (one({"type": "string", "pattern": "[0-9]+"}), tagged("12"), tagged("x", "")),
    "a date": (one({"type": "string", "format": "date"}), tagged("2024-02-29"), tagged("2023-02-29")),
    "one of several": (one({"enum": ["x", 1, None]}), tagged("x", "1", "null"), tagged('"x"', "y")),
    "a number": (one({"type": "integer"}), tagged("1", "\n1\n"), tagged("x", "\n\n1", "1 ")),
    "an object": (one({"type": "object"}), tagged('{"b": "c"}'), tagged("{  }")),
    "a text or null": (
        one({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "null"}]}),
        tagged("x", "null"),
        tagged("xyz"),
    ),
    "types": (one({"type": ["boolean", "integer"]}), tagged("true", "1"), tagged("x")),
    "a reference": (
        one({"$ref": "#/$defs/t"}) | {"$defs": {"t": {"type": "null"}}},
        tagged("null"),
        tagged("x"),
    ),
    "one after the other": (
        {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "required": ["b"]},
        [
            "<parameter=a>null</parameter>\n<parameter=b>null</parameter>",
            "<parameter=a>null</parameter><parameter=b>null</parameter>",
            "<parameter=b>null</parameter>",
        ],
        ["<parameter=a>null</parameter>", "<parameter=a>null</parameter>\n\n<parameter=b>null</parameter>"],
    ),
    "others": (
        {"type": "object", "additionalProperties": {"type": "null"}},
        ["<parameter=x>null</parameter>\n<parameter=y_1>null</parameter>"],
        ["<parameter=x>1</parameter>", "<parameter=>null</parameter>"],
    ),
}


def grammar_of(schema: Any) -> Grammar:
    form = {"type": "qwen_xml_parameter", "json_schema": schema}
    return Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": form}))


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for _, right, wrong in TAKEN.values() for text in (*right, *wrong)]
    return Follower(texts, tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("name", TAKEN)
def test_parameters_follow_the_schema(follower: Follower, name: str) -> None:
    schema, right, wrong = TAKEN[name]
    for text in right:
        assert follower.takes(grammar_of(schema), text), text
    for text in wrong:
        assert not follower.takes(grammar_of(schema), text), text


def test_parameters_that_can_have_no_value_are_refused() -> None:
    with pytest.raises(GrammarProblem, match="allows no value"):
        as_rules(grammar_of(one(False)))
