"""JSON's own rules, shown with the engine: white space has a bound, and strings are JSON's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

INDENTED = '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}'
TAKEN = (
    '{"a":[1,2],"b":{}}',
    '{"a": [1, 2], "b": {}}',
    '{ "a" : [ 1, 2 ], "b": { } }',
    INDENTED,
    INDENTED.replace("  ", "\t"),
)
ENDLESS = (
    '{  "a":[1,2],"b":{}}',
    '{"a":  [1,2],"b":{}}',
    '{"a":[1,2],\n\n"b":{}}',
    '{"a":[1,2],"b":{}\n' + " " * 17 + "}",
    ' {"a":[1,2],"b":{}}',
)
STRINGS = ('"ä日😀"', r'"\n\"\\\u00e4\ud83d\ude00"', '""')
NO_STRINGS = ('"a\nb"', '"a\tb"', '"a"b"', r'"\ud83d"', r'"\ude00"', r'"\x41"')
NUMBERS = ("0", "-1", "12.50", "1e5", "2.5E-10", "12345678901234567890")
NO_NUMBERS = ("01", "1.", ".5", "+1", "1e400", "NaN", "-")


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [*TAKEN, *ENDLESS, *STRINGS, *NO_STRINGS, *NUMBERS, *NO_NUMBERS]
    wrapped = [f"<f>{text}</f>" for text in (*TAKEN, *ENDLESS)]
    return Follower([*texts, *wrapped], tmp_path_factory.mktemp("follower"))


def of_schema(schema: Any) -> Grammar:
    return Grammar("json_schema", json.dumps(schema))


A_AND_B = {
    "type": "object",
    "properties": {"a": {"type": "array", "items": {"type": "integer"}}, "b": {"type": "object"}},
    "required": ["a", "b"],
}


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, A_AND_B], ids=["json_object", "any", "schema"])
def test_a_token_is_followed_by_a_blank_or_a_line_that_is_indented_and_by_no_more(
    follower: Follower, schema: Any
) -> None:
    grammar = of_schema(schema)
    assert [follower.takes(grammar, text) for text in TAKEN] == [True] * len(TAKEN)
    assert [follower.takes(grammar, text) for text in ENDLESS] == [False] * len(ENDLESS)


def test_so_it_is_within_a_structural_tag(follower: Follower) -> None:
    content = {"type": "json_schema", "json_schema": A_AND_B}
    tag = {"type": "tag", "begin": "<f>", "content": content, "end": "</f>"}
    for form in (tag, {"type": "triggered_tags", "triggers": ["<f>"], "tags": [tag]}):
        grammar = Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": form}))
        assert [follower.takes(grammar, f"<f>{text}</f>") for text in TAKEN] == [True] * len(TAKEN)
        assert [follower.takes(grammar, f"<f>{text}</f>") for text in ENDLESS] == [False] * len(ENDLESS)


def test_a_constant_is_written_as_models_write_it(follower: Follower) -> None:
    grammar = of_schema({"const": {"a": [1, 2], "b": {}}})
    assert [follower.takes(grammar, text) for text in TAKEN] == [True] * len(TAKEN)
    assert not any(follower.takes(grammar, text) for text in ENDLESS)


@pytest.mark.parametrize("schema", [{"type": "string"}, {}, {"type": "string", "maxLength": 5}], ids=str)
def test_strings_are_jsons(follower: Follower, schema: Any) -> None:
    grammar = of_schema(schema)
    assert [follower.takes(grammar, text) for text in STRINGS] == [True] * len(STRINGS)
    assert not any(follower.takes(grammar, text) for text in NO_STRINGS)


def test_numbers_are_jsons_and_finite(follower: Follower) -> None:
    grammar = of_schema({"type": "number"})
    assert [follower.takes(grammar, text) for text in NUMBERS] == [True] * len(NUMBERS)
    assert not any(follower.takes(grammar, text) for text in NO_NUMBERS)
