"""Grammars out of the forms in which clients say them: the limits, and what comes of each form."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.grammars.requested import (
    MOST_BYTES,
    MOST_NESTED,
    check_nesting,
    literal,
    of_choices,
    of_regex,
    of_rules,
    of_schema,
    of_schema_text,
    of_structural_tag,
)
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError


def refused(*codes: str) -> Any:
    return pytest.raises(RequestError, check=lambda error: error.status == 400 and error.code in codes)


def test_a_schema_is_written_as_it_came() -> None:
    grammar = of_schema({"properties": {"ö": {"enum": ["日", 1, None]}}}, "p")
    assert grammar == Grammar("json_schema", '{"properties":{"ö":{"enum":["日",1,null]}}}')


def test_a_schema_may_come_as_text() -> None:
    assert of_schema_text(' {"const": 1} ', "p") == Grammar("json_schema", '{"const":1}')
    for text in ("{", "", "{'a': 1}", "[" * 50_000):
        with refused("invalid_grammar"):
            of_schema_text(text, "p")
    with refused("invalid_json_schema"):
        of_schema_text("[]", "p")


def test_numbers_that_json_does_not_have_are_refused() -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999"):
        for schema in (f'{{"const": {number}}}', f'{{"type": "string", "minLength": {number}}}'):
            with refused("invalid_grammar"):
                of_schema_text(schema, "p")
    for value in (math.inf, -math.inf, math.nan):
        for keyword in ("const", "minLength", "maxContains"):
            with refused("invalid_json_schema"):
                of_schema({keyword: value}, "p")


def test_a_count_may_be_written_with_a_point() -> None:
    assert of_schema({"minLength": 3.0}, "p").text == '{"minLength":3.0}'
    with refused("invalid_json_schema"):
        of_schema({"minLength": 3.5}, "p")


def test_values_nested_without_end_are_refused() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    with refused("invalid_json_schema"):
        of_schema({"const": value}, "p")


def test_length_is_limited_in_bytes() -> None:
    assert of_regex("a" * MOST_BYTES, "p").text
    with refused("invalid_grammar"):
        of_regex("a" * (MOST_BYTES + 1), "p")
    with refused("invalid_grammar"):
        of_regex("ä" * (MOST_BYTES // 2 + 1), "p")
    with refused("invalid_grammar"):
        of_schema({"description": "x" * MOST_BYTES}, "p")
    with refused("invalid_grammar"):
        of_choices(["x" * MOST_BYTES], "p")


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    no_schema = {"type": "nope", "description": "x" * MOST_BYTES}
    with refused("invalid_grammar"):
        of_schema(no_schema, "p")
    with refused("invalid_grammar"):
        of_structural_tag({"format": {"type": "json_schema", "json_schema": no_schema}}, "p")

    class Unread(str):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("a choice is written out")

    with refused("invalid_grammar"):
        of_choices([Unread("x" * (MOST_BYTES // 2 + n)) for n in range(2)], "p")


def test_a_choice_that_comes_often_counts_once() -> None:
    assert of_choices(["x" * 1000] * 1000, "p").text == f'root ::= "{"x" * 1000}"'


def test_lone_surrogates_are_refused() -> None:
    for make in (of_regex, of_rules, of_schema_text):
        with refused("invalid_value"):
            make("\ud800", "p")
    with refused("invalid_value"):
        of_schema({"const": "\ud800"}, "p")
    with refused("invalid_value"):
        of_structural_tag({"format": {"type": "const_string", "value": "\ud800"}}, "p")


def test_groups_may_be_nested_so_deep_and_no_deeper() -> None:
    of_regex("(" * MOST_NESTED + "a" + ")" * MOST_NESTED, "p")
    for make in (of_regex, of_rules):
        with refused("invalid_grammar"):
            make("root ::= " + "(" * (MOST_NESTED + 1) + "a" + ")" * (MOST_NESTED + 1), "p")


@pytest.mark.parametrize(
    "text", [r"\(" * 99, "[(]" * 99, r"[\](]" * 99, "(a)" * 99, "(a)|" * 99 + "b"], ids=lambda text: text[:9]
)
def test_what_is_escaped_or_in_a_class_or_closed_again_is_not_nested(text: str) -> None:
    of_regex(text, "p")


def test_what_is_quoted_in_rules_is_not_nested() -> None:
    of_rules('root ::= "' + "(" * 99 + '" "\\"' + "(" * 99 + '"', "p")


@given(st.text(alphabet='()[]\\"ab', max_size=40))
def test_nesting_is_counted_in_any_text(text: str) -> None:
    check_nesting(text, "p", quotes='"')


def test_choices_become_rules_each_once() -> None:
    assert of_choices(["yes", "no", "yes"], "p") == Grammar("ebnf", 'root ::= "yes" | "no"')
    with refused("invalid_value"):
        of_choices(["a\0"], "p")


@given(st.text())
def test_a_literal_is_one_quoted_string_of_plain_ascii(text: str) -> None:
    quoted = literal(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert quoted.count('"') == 2
    inner = quoted[1:-1].encode().decode("unicode_escape")  # Python's \U is that of EBNF
    assert inner == text


def test_a_structural_tag_keeps_its_form_and_its_schemas_are_mended() -> None:
    form = {
        "type": "triggered_tags",
        "triggers": ["<f="],
        "tags": [
            {
                "begin": "<f=a>",
                "content": {"type": "json_schema", "json_schema": {"type": "integer", "minimum": 5}},
                "end": "</f>",
            }
        ],
    }
    grammar = of_structural_tag({"type": "structural_tag", "format": form}, "p")
    assert grammar.kind == "structural_tag"
    assert json.loads(grammar.text) == {"type": "structural_tag", "format": form}


def test_vllms_structures_become_triggered_tags() -> None:
    tag = {
        "type": "structural_tag",
        "structures": [{"begin": "<f=a>", "schema": {"type": "object"}, "end": "</f>"}],
        "triggers": ["<f="],
    }
    assert json.loads(of_structural_tag(tag, "p").text)["format"] == {
        "type": "triggered_tags",
        "triggers": ["<f="],
        "tags": [
            {
                "type": "tag",
                "begin": "<f=a>",
                "content": {
                    "type": "json_schema",
                    "json_schema": {"type": "object"},
                },
                "end": "</f>",
            }
        ],
    }


@pytest.mark.parametrize(
    ("tag", "param"),
    [
        ("x", "p"),
        ({}, "p.format"),
        ({"format": "any_text"}, "p.format"),
        ({"format": {"type": "tag", "begin": "", "content": [], "end": ""}}, "p.format.content"),
        ({"format": {"type": "or", "elements": [{"type": "any_text"}, 1]}}, "p.format.elements[1]"),
        ({"format": {"type": "or", "elements": [{"type": "any_text"}] * 129}}, "p.format.elements"),
        ({"format": {"type": "json_schema", "json_schema": {"type": 1}}}, "p.format.json_schema.type"),
        ({"format": {"type": "regex", "pattern": "(" * 99}}, "p.format.pattern"),
        ({"format": {"type": "grammar", "grammar": "(" * 99}}, "p.format.grammar"),
        ({"structures": [{"begin": "", "end": ""}]}, "p.triggers"),
        ({"structures": [], "triggers": ["a"]}, "p.structures"),
        ({"structures": [{"begin": "a"}], "triggers": ["a"]}, "p.structures[0]"),
        (
            {"structures": [{"begin": "a", "end": "b", "schema": {"type": 1}}], "triggers": ["a"]},
            "p.structures[0].schema.type",
        ),
    ],
)
def test_a_structural_tag_that_is_none_is_refused_by_its_place(tag: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        of_structural_tag(tag, "p")
    assert (caught.value.status, caught.value.param) == (400, param)


def test_formats_may_be_nested_so_deep_and_no_deeper() -> None:
    form: Any = {"type": "any_text"}
    for _ in range(MOST_NESTED):
        form = {"type": "sequence", "elements": [form]}
    with refused("invalid_grammar"):
        of_structural_tag({"format": form}, "p")
    of_structural_tag({"format": form["elements"][0]}, "p")
