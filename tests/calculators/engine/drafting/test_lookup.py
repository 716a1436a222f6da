"""What followed the last tokens of a text when they stood in it before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.engine.drafting.lookup import lookup


def test_what_followed_the_same_tokens_before_is_guessed() -> None:
    assert lookup([1, 2, 3, 4, 5, 9, 2, 3], 2, 3) == (4, 5)


def test_of_several_places_the_longest_phrase_counts_and_then_the_last() -> None:
    text = [1, 2, 3, 50, 7, 2, 3, 60, 9, 3, 70, 1, 2, 3]
    assert lookup(text, 1, 3) == (50,), "1, 2, 3 once"
    assert lookup(text, 1, 2) == (60,), "2, 3 twice: the later one"
    assert lookup(text, 1, 1) == (70,), "3 thrice"


def test_a_circle_is_guessed_round_and_round() -> None:
    assert lookup([8, 1, 2, 3, 1, 2, 3], 7, 3) == (1, 2, 3, 1, 2, 3, 1)
    assert lookup([5, 5], 4, 3) == (5, 5, 5, 5)


def test_what_was_not_there_before_is_not_guessed() -> None:
    assert lookup([1, 2, 3], 5, 3) == ()
    assert lookup([1], 5, 3) == ()
    assert lookup([1, 1], 0, 3) == ()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 6))
def test_it_is_what_a_plain_search_finds(text: list[int], count: int, longest: int) -> None:
    for size in range(min(longest, len(text) - 1), 0, -1):
        for end in range(len(text) - 1, size - 1, -1):
            if text[end - size : end] == text[-size:]:
                copied = list(text)
                while len(copied) < len(text) + count:
                    copied.append(copied[end + len(copied) - len(text)])
                assert lookup(text, count, longest) == tuple(copied[len(text) :])
                return
    assert lookup(text, count, longest) == ()
