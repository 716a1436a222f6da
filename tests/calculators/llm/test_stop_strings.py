"""StopStringsCalculator: exact to the character, and in what it bills."""

from __future__ import annotations

from ovpipe.calculators.llm.packets import CompletionRequest, TextDelta
from ovpipe.calculators.llm.stop_strings import StopStringsCalculator
from ovpipe.testing import CalculatorRunner


def run(stop: tuple[str, ...], *deltas: TextDelta) -> list[TextDelta]:
    request = CompletionRequest(id="cmpl-1", created=1, model="m", prompt="p", stop=stop)
    out = CalculatorRunner(StopStringsCalculator()).run(request=[request], text=deltas)
    return out[StopStringsCalculator.kept]


def test_without_stops_everything_passes_as_it_is() -> None:
    first, last = TextDelta("a", 1, 7), TextDelta("b", 2, 7, "length")
    kept = run((), first, last)
    assert kept[0] is first
    assert kept[1] is last


def test_cuts_before_the_stop_and_finishes() -> None:
    assert run(("END",), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7)) == [
        TextDelta("text ", 1, 7),
        TextDelta("", 2, 7, "stop"),
    ]


def test_nothing_comes_after_the_stop() -> None:
    kept = run(("!",), TextDelta("a!", 1, 7), TextDelta("b", 2, 7), TextDelta("c", 3, 7, "length"))
    assert kept == [TextDelta("a", 1, 7, "stop")]


def test_a_natural_end_brings_what_was_held_back() -> None:
    assert run(("END",), TextDelta("text E", 1, 7), TextDelta("N", 2, 7, "length")) == [
        TextDelta("text ", 1, 7),
        TextDelta("EN", 2, 7, "length"),
    ]


def test_a_stop_in_the_last_delta_is_a_stop() -> None:
    assert run(("END",), TextDelta("text END", 1, 7, "length")) == [TextDelta("text ", 1, 7, "stop")]


def test_bills_no_token_after_the_one_that_completed_the_stop() -> None:
    # Five tokens: "a", "E", "N", "D ", "b". The stop ends within the fourth.
    delta = TextDelta("aEND b", 15, 7, ends=(1, 2, 3, 5, 6))
    assert run(("END",), delta) == [TextDelta("a", 14, 7, "stop")]


def test_bills_the_first_token_with_which_the_stop_was_complete() -> None:
    # The tokens after "D" bring no text of their own: half characters, for example.
    delta = TextDelta("END", 5, 7, ends=(1, 2, 3, 3, 3))
    assert run(("END",), delta) == [TextDelta("", 3, 7, "stop")]


def test_says_done_to_who_feeds_it() -> None:
    # Only a stop ends this run: the text would go on past what any queue holds.
    endless = (TextDelta("ab!", index, 7) for index in range(10_000))
    assert run(("!",), *endless) == [TextDelta("ab", 0, 7, "stop")]
