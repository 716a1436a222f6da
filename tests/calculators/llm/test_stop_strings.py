"""StopStringsCalculator: exact to the character, and in what it bills."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.packets import CompletionRequest, TextDelta
from ovpipe.calculators.llm.stop_strings import StopStringsCalculator
from ovpipe.calculators.llm.text.cutter import Cutter
from ovpipe.engines.protocol import Token
from ovpipe.testing import CalculatorRunner
from tests.tokens import ids
from tests.tokens import tokens as some_tokens


def completion(stop: tuple[str, ...], **wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="cmpl-1", created=1, model="m", prompts=("p",), stop=stop, **wishes)


def run(stop: tuple[str, ...], *deltas: TextDelta, **wishes: Any) -> list[TextDelta]:
    out = CalculatorRunner(StopStringsCalculator()).run(request=[completion(stop, **wishes)], text=deltas)
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
    assert run(("END",), delta) == [TextDelta("a", 14, 7, "stop", ends=(1, 1, 1, 1))]


def test_bills_the_first_token_with_which_the_stop_was_complete() -> None:
    # The tokens after "D" bring no text of their own: half characters, for example.
    delta = TextDelta("END", 5, 7, ends=(1, 2, 3, 3, 3))
    assert run(("END",), delta) == [TextDelta("", 3, 7, "stop", ends=(0, 0, 0))]


def test_says_done_to_who_feeds_it() -> None:
    # Only a stop ends this run: the text would go on past what any queue holds.
    endless = (TextDelta("ab!", index, 7) for index in range(10_000))
    assert run(("!",), *endless) == [TextDelta("ab", 0, 7, "stop")]


def test_the_stop_may_be_part_of_the_text() -> None:
    kept = run(
        ("END",), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7), include_stop_str_in_output=True
    )
    assert "".join(delta.text for delta in kept) == "text END"


def test_no_stop_ends_before_there_are_min_tokens() -> None:
    kept = run(("!",), TextDelta("a!", 1, 7), TextDelta("b", 2, 7), TextDelta("c!d", 3, 7), min_tokens=3)
    assert [(delta.text, delta.finish) for delta in kept] == [("a!", None), ("b", None), ("c", "stop")]


def test_tokens_and_logprobs_end_with_the_bill() -> None:
    delta = TextDelta(
        "aEND b", 5, 7, ends=(1, 2, 3, 5, 6), tokens=tuple(Token(n, -n) for n in (1, 2, 3, 4, 5))
    )
    (kept,) = run(("END",), delta)
    assert kept.tokens == tuple(Token(n, -n) for n in (1, 2, 3, 4))


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


def test_a_special_token_after_the_stop_is_not_kept_and_one_before_it_is() -> None:
    delta = TextDelta("a<s>!<t>", 4, 7, ends=(1, 4, 5, 8), specials=((1, 4), (5, 8)))
    (kept,) = run(("!",), delta, include_stop_str_in_output=True)
    assert (kept.text, kept.specials, kept.completion_tokens) == ("a<s>!", ((1, 4),), 3)
    (kept,) = run(("!",), delta)
    assert (kept.text, kept.specials) == ("a<s>", ((1, 4),))


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


def test_no_stop_ends_before_there_are_min_tokens_though_they_come_at_once() -> None:
    (kept,) = run(
        ("!",),
        TextDelta("a!bc!d", 4, 7, ends=(2, 3, 5, 6), tokens=tuple(some_tokens(1, 2, 3, 4))),
        min_tokens=3,
    )
    assert (kept.text, kept.finish, kept.completion_tokens) == ("a!bc", "stop", 3)
    (kept,) = run(("!",), TextDelta("a!bc!d", 4, 7, "length", ends=(2, 3, 5, 6)), min_tokens=5)
    assert (kept.text, kept.finish) == ("a!bc!d", "length")


def test_the_ends_of_tokens_are_those_in_what_is_handed_on() -> None:
    whole = TextDelta("ab", 2, 7, ends=(1, 2))
    assert run(("!",), whole) == [whole]
    held = run(("cd!",), TextDelta("abc", 3, 7, ends=(1, 2, 3)), TextDelta("d.e", 6, 7, ends=(1, 2, 3)))
    assert [(delta.text, delta.ends) for delta in held] == [("ab", (1, 2, 2)), ("cd.e", (2, 3, 4))]


def test_thousands_of_special_tokens_take_no_more_than_their_time() -> None:
    count = 50_000  # with a step for each pair of them this would take an hour
    spans = tuple((at, at + 1) for at in range(1, count + 1))
    request = completion(("EN",))
    cutter = Cutter(request)
    assert cutter.cut(TextDelta("E", 1, 7)).text == ""
    assert cutter.cut(TextDelta("x" + "s" * count, 2, 7, specials=spans)).text == "Ex" + "s" * count
    assert cutter.cut(TextDelta("E" + "s" * count, 3, 7, specials=spans)).text == ""
    for at in range(count):
        cutter.cut(TextDelta("s", 4 + at, 7, specials=((0, 1),)))
    assert cutter.cut(TextDelta("N", 4 + count, 7)).finish == "stop"


TOKENS = st.lists(st.sampled_from(("", "a", "b", "ab", "ba", "aab", "<>")), min_size=1, max_size=12)


def parted(tokens: Sequence[str], cuts: Sequence[int]) -> list[TextDelta]:
    """The tokens in deltas, cut at some places; "<>" is a special one."""
    deltas = []
    places = sorted({0, len(tokens), *(cut % len(tokens) for cut in cuts)})
    for begin, end in pairwise(places):
        row = tokens[begin:end]
        ends = list(accumulate(map(len, row)))
        deltas.append(
            TextDelta(
                "".join(row),
                end,
                7,
                "length" if end == len(tokens) else None,
                ends=tuple(ends) if len(row) > 1 else (),
                specials=tuple((at - 2, at) for at, token in zip(ends, row, strict=True) if token == "<>"),
                tokens=tuple(some_tokens(*range(begin, end))),
            )
        )
    return deltas


@given(
    TOKENS,
    st.lists(st.integers(0, 12)),
    st.sets(st.sampled_from(("ab", "ba", "aba", "bb", "b<")), min_size=1),
    st.integers(0, 8),
    st.booleans(),
    st.booleans(),
)
def test_what_is_kept_and_billed_does_not_depend_on_how_tokens_come(
    tokens: list[str], cuts: list[int], stop: set[str], min_tokens: int, include: bool, skip: bool
) -> None:
    request = completion(
        tuple(sorted(stop)),
        min_tokens=min_tokens,
        include_stop_str_in_output=include,
        skip_special_tokens=skip,
    )

    def kept(cuts: Sequence[int]) -> tuple[str, str, int, str | None, list[int]]:
        cutter, text, marked, last = Cutter(request), "", "", None
        shown: list[int] = []
        for delta in parted(tokens, cuts):
            last = cutter.cut(delta)
            text += last.text
            shown += ids(last.tokens)
            assert not last.ends or (len(last.ends) == len(last.tokens) and last.ends[-1] <= len(last.text))
            marked += "".join(last.text[begin:end] for begin, end in last.specials)
            if cutter.stopped:
                break
        assert last is not None
        return text, marked, last.completion_tokens, last.finish, shown

    one_by_one = kept(range(len(tokens)))
    assert kept(cuts) == kept(()) == one_by_one
    text, _, billed, finish, _ = one_by_one
    if finish == "stop":
        assert billed >= min_tokens
    else:
        assert (text, billed) == ("".join(tokens), len(tokens))
