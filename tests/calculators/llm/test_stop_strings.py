"""StopStringsCalculator: exact to the character, and in what it bills."""

from __future__ import annotations

from typing import Any

from ovpipe.calculators.llm.packets import CompletionRequest, TextDelta
from ovpipe.calculators.llm.stop_strings import StopStringsCalculator
from ovpipe.testing import CalculatorRunner


def run(stop: tuple[str, ...], *deltas: TextDelta, **wishes: Any) -> list[TextDelta]:
    request = CompletionRequest(id="cmpl-1", created=1, model="m", prompts=("p",), stop=stop, **wishes)
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


def test_the_stop_may_be_part_of_the_text() -> None:
    kept = run(
        ("END",), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7), include_stop_str_in_output=True
    )
    assert "".join(delta.text for delta in kept) == "text END"


def test_the_first_min_tokens_are_not_searched() -> None:
    kept = run(("!",), TextDelta("a!", 1, 7), TextDelta("b", 2, 7), TextDelta("c!d", 3, 7), min_tokens=3)
    assert [(delta.text, delta.finish) for delta in kept] == [("a!", None), ("b", None), ("c", "stop")]


def test_tokens_and_logprobs_end_with_the_bill() -> None:
    delta = TextDelta(
        "aEND b", 5, 7, ends=(1, 2, 3, 5, 6), tokens=(1, 2, 3, 4, 5), logprobs=(-1, -2, -3, -4, -5)
    )
    (kept,) = run(("END",), delta)
    assert (kept.tokens, kept.logprobs) == ((1, 2, 3, 4), (-1, -2, -3, -4))


def test_special_tokens_keep_their_places_and_are_no_part_of_a_stop() -> None:
    kept = run(
        ("Ex", "s"),
        TextDelta("a<s>E", 1, 7, specials=((1, 4),)),
        TextDelta("<t>", 2, 7, specials=((0, 3),)),
        TextDelta("y", 3, 7, "length"),
    )
    shown = [(delta.text, delta.specials) for delta in kept]
    assert shown == [("a<s>", ((1, 4),)), ("", ()), ("E<t>y", ((1, 4),))]


def test_a_stop_may_have_a_hidden_special_token_amid_it_and_the_bill_ends_there() -> None:
    delta = TextDelta("aE<s>NDb", 5, 7, ends=(1, 2, 5, 7, 8), specials=((2, 5),))
    (kept,) = run(("END",), delta)
    assert (kept.text, kept.completion_tokens, kept.finish) == ("a", 4, "stop")


def test_special_tokens_that_are_shown_are_searched() -> None:
    delta = TextDelta("a<s>b", 3, 7, specials=((1, 4),))
    (kept,) = run(("<s>",), delta, skip_special_tokens=False)
    assert (kept.text, kept.finish) == ("a", "stop")


def test_choices_stop_each_by_itself() -> None:
    kept = run(
        ("!",),
        TextDelta("a!", 1, 7, choice=0),
        TextDelta("b", 1, 7, choice=1),
        TextDelta("gone", 2, 7, choice=0),
        TextDelta("c!", 2, 7, choice=1),
        n=2,
    )
    assert [(delta.choice, delta.text, delta.finish) for delta in kept] == [
        (0, "a", "stop"),
        (1, "b", None),
        (1, "c", "stop"),
    ]


def test_what_was_held_back_comes_when_the_text_ends_without_a_finish() -> None:
    assert "".join(delta.text for delta in run(("END",), TextDelta("text E", 1, 7))) == "text E"
