"""What followed the last tokens of a text when they stood in it before."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.engine.drafting.seen_phrases import MOST_PLACES, SeenPhrases


def lookup(text: Sequence[int], count: int, longest: int) -> tuple[int, ...]:
    seen = SeenPhrases()
    seen.follow(text[:-1], len(text) - 1, text[-1])
    return seen.drafts(count, longest)


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


def plain_search(text: list[int], count: int, longest: int) -> tuple[int, ...]:
    for size in range(min(longest, len(text) - 1), 0, -1):
        for end in range(len(text) - 1, size - 1, -1):
            if text[end - size : end] == text[-size:]:
                copied = list(text)
                while len(copied) < len(text) + count:
                    copied.append(copied[end + len(copied) - len(text)])
                return tuple(copied[len(text) :])
    return ()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(1, 8), st.integers(1, 6))
def test_it_is_what_a_plain_search_finds(text: list[int], count: int, longest: int) -> None:
    assert lookup(text, count, longest) == plain_search(text, count, longest)


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=12), st.integers(1, 4)
)
def test_a_text_that_grows_is_guessed_from_as_if_it_were_read_anew(
    parts: list[list[int]], longest: int
) -> None:
    seen, text = SeenPhrases(), list[int]()
    for part in parts:
        text += part
        seen.follow(text[:-1], len(text) - 1, text[-1])
        assert seen.drafts(4, longest) == plain_search(text, 4, longest)


class CountingHistory(list[int]):
    """Counts how many of its tokens are asked for."""

    asked = 0

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # as list has it, in two forms
        found = super().__getitem__(place)
        self.asked += len(found) if isinstance(place, slice) else 1
        return found


def test_of_a_text_that_grows_only_what_is_new_is_read() -> None:
    history = CountingHistory(range(5_000))
    seen = SeenPhrases()
    seen.follow(history, len(history), 7)
    assert history.asked == 5_000
    for token in range(100):
        history.append(7 if token == 0 else token - 1)
        seen.follow(history, len(history), token)
    assert history.asked <= 5_000 + 100 * 2


def test_another_text_in_its_place_is_read_anew() -> None:
    seen = SeenPhrases()
    seen.follow([1, 2, 3, 1], 4, 2)
    assert seen.drafts(1, 3) == (3,)
    seen.follow([4, 5, 6, 7, 4], 5, 5)
    assert seen.drafts(2, 3) == (6, 7)
    seen.follow([8, 9], 2, 8)
    assert seen.drafts(1, 3) == (9,)


def test_of_a_pair_that_stands_everywhere_the_latest_places_are_looked_at() -> None:
    everywhere = [token for place in range(MOST_PLACES) for token in (100 + place, 1, 2)]
    assert lookup([3, 1, 2, 55, *everywhere, 3, 1, 2], 1, 3) == (3,), "not 55, which stood too far ahead"
