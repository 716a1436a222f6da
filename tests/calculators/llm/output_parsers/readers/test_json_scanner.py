"""JsonScanner against Python's own reader of JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovpipe.calculators.llm.output_parsers.readers.json_scanner import DEEPEST, JsonScanner
from ovpipe.calculators.llm.output_parsers.readers.json_text import members

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def character_by_character(text: str) -> JsonScanner:
    scanner = JsonScanner()
    for character in text:
        if not (scanner.whole or scanner.broken):
            scanner.feed(character)
    return scanner


def strict(text: str) -> bool:
    """Whether Python reads it, without the words that only Python knows."""

    def refused(word: str) -> None:
        raise ValueError(word)

    try:
        json.loads(text, parse_constant=refused)
    except ValueError:
        return False
    return True


@given(
    st.lists(values) | st.dictionaries(st.text(max_size=4), values), st.sampled_from([None, 1]), st.booleans()
)
def test_a_value_ends_where_it_ends(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    scanner = JsonScanner()
    assert scanner.feed(f"{text}]more") == len(text)
    assert scanner.whole
    assert character_by_character(text).whole


@given(st.text(alphabet='{}[]",:\\ \nu0123.-+eEtruefalsn\x01', max_size=24))
@example("[-]")
@example("[01]")
@example("[1.]")
@example('["\\u00e"]')
@example('{"a":1,}')
@example("[1,]")
def test_it_takes_what_python_takes(body: str) -> None:
    for text in (f"[{body}]", f"{{{body}}}"):
        scanner = JsonScanner()
        end = scanner.feed(text)
        assert (scanner.whole and end == len(text)) == strict(text)
        other = character_by_character(text)
        assert (other.whole, other.broken) == (scanner.whole, scanner.broken)


@pytest.mark.parametrize("text", ["1", '"a"', "null", " [1]"])
def test_only_objects_and_arrays_are_followed(text: str) -> None:
    scanner = JsonScanner()
    scanner.feed(text)
    assert scanner.broken


def test_what_is_nested_too_deep_is_broken() -> None:
    assert character_by_character("[" * DEEPEST + "]" * DEEPEST).whole
    assert character_by_character("[" * (DEEPEST + 1)).broken


@given(st.dictionaries(st.text(max_size=4), values, max_size=5), st.sampled_from([None, 2]))
def test_members_stand_as_they_are(value: dict[str, object], indent: int | None) -> None:
    found = members(json.dumps(value, indent=indent))
    assert {key: json.loads(text) for key, text in found.items()} == value
