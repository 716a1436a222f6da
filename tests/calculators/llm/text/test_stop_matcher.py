"""StopMatcher against its definition, on the whole text at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ovpipe.calculators.llm.text.stop_matcher import StopMatcher


def cut(text: str, stops: list[str]) -> str:
    """The definition: up to the start of the stop that ends first, the longest of those that end there."""
    for end in range(1, len(text) + 1):
        starts = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if starts:
            return text[: min(starts)]
    return text


def in_pieces(pieces: list[str], stops: list[str]) -> str:
    matcher = StopMatcher(stops)
    out = ""
    for piece in pieces:
        out += matcher.push(piece)
        if matcher.stopped_at is not None:
            return out
    return out + matcher.flush()


few_letters = st.text(alphabet="ab\u00e9", max_size=12)


@given(
    st.lists(few_letters, max_size=10),
    st.lists(few_letters.filter(bool), min_size=1, max_size=4),
)
@example(["aab", "aa", "c"], ["aabaaa"])
@example(["xab", "c"], ["abd", "b"])
def test_equals_the_whole_text_cut_however_it_comes(pieces: list[str], stops: list[str]) -> None:
    assert in_pieces(pieces, stops) == cut("".join(pieces), stops)


@given(
    st.text(alphabet="ab", max_size=30), st.lists(st.text(alphabet="ab", min_size=1, max_size=5), min_size=1)
)
def test_never_holds_back_what_cannot_become_a_stop(text: str, stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    seen = out = ""
    for character in text:
        seen += character
        out += matcher.push(character)
        if matcher.stopped_at is not None:
            return
        longest = max(
            (n for stop in stops for n in range(len(stop)) if seen.endswith(stop[:n])),
            default=0,
        )
        assert out == seen[: len(seen) - longest]


def test_of_two_stops_the_one_that_ends_first_counts() -> None:
    assert in_pieces(["1 abcdef 2"], ["abcdef", "cd"]) == "1 ab"


def test_of_two_that_end_together_the_longer_counts() -> None:
    assert in_pieces(["1 abcd 2"], ["cd", "abcd"]) == "1 "


def test_tells_where_in_the_last_piece_the_stop_ended() -> None:
    matcher = StopMatcher(["END"])
    assert matcher.push("text E") == "text "
    assert matcher.stopped_at is None
    assert matcher.push("ND more") == ""
    assert matcher.stopped_at == 2


def test_a_false_start_is_handed_on_when_it_is_decided() -> None:
    matcher = StopMatcher(["\n\nUser:"])
    assert matcher.push("Hello\n") == "Hello"
    assert matcher.push("\nUs") == ""
    assert matcher.push("ual") == "\n\nUsual"
    assert matcher.flush() == ""


def test_an_empty_stop_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        StopMatcher([""])


def test_the_worst_stops_cost_no_more_than_linear_time() -> None:
    stops = ["a" * 999 + chr(ord("b") + index) for index in range(16)]
    matcher = StopMatcher(stops)
    start = time.process_time()
    for _ in range(1000):
        matcher.push("aaaa")
    assert time.process_time() - start < 2  # about 0.02; a rescan of what is held would take over a minute
