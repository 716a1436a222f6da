"""Structural tags as rules: what llguidance takes of each format, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.tags import tag_rules
from ovpipe.engines.grammars.masks.compiling import compiled
from ovpipe.engines.protocol import Grammar
from tests.engines.grammars.lark.test_writer import TOKENS

OBJECT: dict[str, Any] = {"type": "json_schema", "json_schema": {"type": "object"}}
NUMBER: dict[str, Any] = {"type": "regex", "pattern": "[0-9]+"}
ANY: dict[str, Any] = {"type": "any_text"}


def tag(begin: str, content: dict[str, Any], end: str) -> dict[str, Any]:
    return {"type": "tag", "begin": begin, "content": content, "end": end}


def row(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "sequence", "elements": list(elements)}


def triggered(*tags: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"type": "triggered_tags", "triggers": ["<f"], "tags": list(tags), **options}


def separated(**options: Any) -> dict[str, Any]:
    tags = [tag("<", NUMBER, ">"), tag("{", NUMBER, "}")]
    return {"type": "tags_with_separator", "tags": tags, "separator": ", ", **options}


THINKING = row(tag("<think>", ANY, "</think>"), {"type": "const_string", "value": "\n"}, OBJECT)
CALLS = triggered(tag("<f=a>", OBJECT, "</f>"), tag("<f=b>", NUMBER, "</f>"))
CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"type": "const_string", "value": "äb"}, ["äb"], ["", "ä"]),
    (ANY, ["", "any <f text"], []),
    (THINKING, ['<think>a </th</think>\n{"a": [1]}'], ["<think></think></think>\n{}", "{}"]),
    (tag("(", row(NUMBER, ANY), ")"), ["(1)", "(1 and more)"], ["(and)", "(1) "]),
    ({"type": "or", "elements": [NUMBER, OBJECT]}, ["12", "{}"], ["12{}"]),
    (CALLS, ["", "so <f=a>{}</f> and <f=b>1</f>.", "< f"], ["<f", "<f=c>", "a <f=b>{}</f>"]),
    (triggered(tag("<f>", NUMBER, ""), stop_after_first=True), ["a", "a <f>1"], ["<f>1 ", "<f>1<f>2"]),
    (triggered(tag("<f>", NUMBER, "."), at_least_one=True), ["<f>1.", "<f>1. more"], ["", "a <f>1."]),
    (tag("[", triggered(tag("<f>", NUMBER, ".")), "]"), ["[a <f>1. b]", "[]"], ["[a <f>]", "[] "]),
    (separated(at_least_one=True), ["<1>", "<1>, {2}"], ["", "<1>{2}"]),
    (separated(stop_after_first=True), ["", "{2}"], ["<1>, {2}"]),
    ({"type": "grammar", "grammar": 'root ::= "(" root ")" | "x"'}, ["((x))"], ["(x"]),
    (
        {
            "type": "qwen_xml_parameter",
            "json_schema": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        },
        ["<parameter=a>\nany < text\n</parameter>"],
        ["<parameter=b>1</parameter>", ""],
    ),
]


@pytest.mark.parametrize(("form", "good", "bad"), CASES)
def test_what_a_format_takes(form: dict[str, Any], good: list[str], bad: list[str]) -> None:
    grammar = Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": form}))
    for text in good + bad:
        matcher = compiled(grammar, TOKENS).matcher
        data = list(text.encode())
        assert (matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting()) is (text in good), (
            text
        )


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"type": "nothing"}, "'nothing'"),
        ([], "no object"),
        ({"type": "or", "elements": []}, "'or' with a wrong part"),
        (row(ANY, NUMBER), "without an end before the last"),
        (tag("a", NUMBER, 1), "a tag without"),  # type: ignore[arg-type]  # what a client may send
        (triggered(tag("<g>", NUMBER, "")), "begins with no trigger"),
        ({**CALLS, "triggers": [""]}, "an empty one"),
        ({**CALLS, "tags": []}, "a choice of nothing"),
        ({"type": "any_text", "excludes": "a"}, "no list of texts"),
    ],
)
def test_what_is_no_format(form: Any, said: str) -> None:
    with pytest.raises(GrammarProblem, match=said):
        tag_rules(json.dumps({"format": form}))
