"""StopStringsCalculator: exact to the character, and in what it bills, whatever a parser held back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.output_parser import OutputParserCalculator
from ovpipe.calculators.llm.output_parsers import make_parser
from ovpipe.calculators.llm.output_parsers.choice_parser import ChoiceParser
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    Message,
    OutputDelta,
    Reasoning,
    TextDelta,
    Tool,
    ToolChoice,
)
from ovpipe.calculators.llm.stop_strings import StopStringsCalculator
from ovpipe.calculators.llm.text.cutter import Cutter
from ovpipe.engines.protocol import Token
from ovpipe.errors import Abandoned
from ovpipe.runtime import Graph
from ovpipe.testing import CalculatorRunner
from tests.runtime.plans import node, plan

CALL = '<tool_call>{"name": "add", "arguments": {"a": {"b": 1}}}</tool_call>'


def completion(stop: tuple[str, ...], **wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="cmpl-1", created=1, model="m", prompts=("p",), stop=stop, **wishes)


def chat(stop: tuple[str, ...], **wishes: Any) -> ChatRequest:
    wishes = {"tools": (Tool(name="add"),), "tool_choice": ToolChoice("auto"), **wishes}
    return ChatRequest(
        id="1", created=1, model="m", messages=(Message(role="user", content="x"),), stop=stop, **wishes
    )


def kept(request: ChatRequest | CompletionRequest, *deltas: TextDelta) -> list[OutputDelta]:
    """Through the parser, of Qwen3's formats, and the node."""
    parser = OutputParserCalculator(tool_format="hermes", reasoning_format="think")
    parsed = CalculatorRunner(parser).run(request=[request], text=deltas)[OutputParserCalculator.parsed]
    out = CalculatorRunner(StopStringsCalculator()).run(request=[request], parsed=parsed)
    return out[StopStringsCalculator.kept]


def run(stop: tuple[str, ...], *deltas: TextDelta, **wishes: Any) -> list[tuple[str, int, str | None]]:
    """Of a completion: text, tokens and finish of each delta."""
    return [
        (text(delta), delta.completion_tokens, delta.finish)
        for delta in kept(completion(stop, **wishes), *deltas)
    ]


def text(delta: OutputDelta) -> str:
    return "".join(part.text for part in delta.parts if isinstance(part, Content))


def by_token(*tokens: str, finish: str | None = None) -> list[TextDelta]:
    """A delta for each token."""
    deltas = [TextDelta(each, at, 7, tokens=(Token(at),)) for at, each in enumerate(tokens, 1)]
    if finish == "stop":
        deltas[-1] = TextDelta(tokens[-1], len(tokens), 7, "stop", tokens=(Token(len(tokens)),))
    return deltas


def at_once(*tokens: str) -> TextDelta:
    """All tokens in one delta."""
    ids = tuple(Token(at) for at in range(1, len(tokens) + 1))
    return TextDelta("".join(tokens), len(ids), 7, ends=tuple(accumulate(map(len, tokens))), tokens=ids)


def test_without_stops_everything_passes_as_it_is() -> None:
    parsed = [OutputDelta((Content("a"),), 1, 7), OutputDelta((Content("b"),), 2, 7, "length")]
    out = CalculatorRunner(StopStringsCalculator()).run(request=[completion(())], parsed=parsed)
    assert [a is b for a, b in zip(out[StopStringsCalculator.kept], parsed, strict=True)] == [True, True]


def test_cuts_before_the_stop_and_finishes() -> None:
    assert run(("END",), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7)) == [
        ("text ", 1, None),
        ("", 2, "stop"),
    ]


def test_the_last_delta_names_the_stop_that_ended_the_text() -> None:
    *before, last = kept(completion(("no", "END")), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7))
    assert [delta.matched_stop for delta in before] == [None]
    assert last.matched_stop == "END"
    ended = kept(completion(("END",)), TextDelta("text", 1, 7, "stop"))
    assert [delta.matched_stop for delta in ended] == [None]


def test_nothing_comes_after_the_stop() -> None:
    found = run(("!",), TextDelta("a!", 1, 7), TextDelta("b", 2, 7), TextDelta("c", 3, 7, "length"))
    assert found == [("a", 1, "stop")]


def test_a_natural_end_brings_what_was_held_back() -> None:
    assert run(("END",), TextDelta("text E", 1, 7), TextDelta("N", 2, 7, "length")) == [
        ("text ", 1, None),
        ("EN", 2, "length"),
    ]


def test_a_stop_in_the_last_delta_is_a_stop() -> None:
    assert run(("END",), TextDelta("text END", 1, 7, "length")) == [("text ", 1, "stop")]


def test_bills_no_token_after_the_one_that_completed_the_stop() -> None:
    assert run(("END",), at_once("a", "E", "N", "D ", "b")) == [("a", 4, "stop")]


def test_bills_the_first_token_with_which_the_stop_was_complete() -> None:
    # The tokens after "D" bring no text of their own: half characters, for example.
    assert run(("END",), at_once("E", "N", "D", "", "")) == [("", 3, "stop")]


async def feed(stop: str, *, more_requests: bool) -> tuple[list[OutputDelta], bool]:
    """What the node keeps of an endless answer, and whether it said that it needs no more."""
    graph = Graph(
        plan(
            node(
                "stop",
                StopStringsCalculator,
                {"request": "request", "parsed": "parsed"},
                {"kept": "kept"},
            ),
            inputs=("request", "parsed"),
        )
    )
    found: list[OutputDelta] = []
    async with graph, asyncio.timeout(10), graph.run() as run:
        run.observe("kept", lambda packet: found.append(packet.value))
        await run.send("request", completion((stop,)), at=0)
        if more_requests:
            run.set_bound("request", 1000)
        else:
            run.close_input("request")
        try:
            for at in range(100):
                await run.send("parsed", OutputDelta((Content("ab!"),), at + 1, 7), at=at)
        except Abandoned:
            return found, True
    return found, False


def test_says_done_to_who_feeds_it_unless_another_request_may_come() -> None:
    for more in (False, True):
        found, done = asyncio.run(feed("!", more_requests=more))
        assert found == [OutputDelta((Content("ab"),), 1, 7, "stop", matched_stop="!")]
        assert done is not more


def test_the_stop_may_be_part_of_the_text() -> None:
    found = run(
        ("END",), TextDelta("text E", 1, 7), TextDelta("ND more", 2, 7), include_stop_str_in_output=True
    )
    assert "".join(text for text, *_ in found) == "text END"


def test_no_stop_ends_before_there_are_min_tokens() -> None:
    found = run(("!",), TextDelta("a!", 1, 7), TextDelta("b", 2, 7), TextDelta("c!d", 3, 7), min_tokens=3)
    assert found == [("a!", 1, None), ("b", 2, None), ("c", 3, "stop")]


def test_no_stop_ends_before_there_are_min_tokens_though_they_come_at_once() -> None:
    assert run(("!",), at_once("a!", "b", "c!", "d"), min_tokens=3) == [("a!bc", 3, "stop")]
    assert run(("!",), at_once("a!", "b", "c!", "d"), min_tokens=5) == [("a!bc!d", 4, None)]


def test_tokens_end_with_the_bill() -> None:
    (found,) = kept(completion(("END",)), at_once("a", "E", "N", "D ", "b"))
    assert found.tokens == tuple(Token(at) for at in range(1, 5))


def test_special_tokens_are_no_part_of_a_stop_unless_they_are_shown() -> None:
    delta = TextDelta("aE<s>NDb", 5, 7, ends=(1, 2, 5, 7, 8), specials=((2, 5),))
    assert run(("END",), delta) == [("a", 4, "stop")]
    shown = TextDelta("a<s>b", 3, 7, specials=((1, 4),))
    assert run(("<s>",), shown, skip_special_tokens=False) == [("a", 3, "stop")]
    assert run(("s",), shown) == [("ab", 3, None)]


def test_choices_stop_each_by_itself() -> None:
    found = kept(
        completion(("!",), n=2),
        TextDelta("a!", 1, 7, choice=0),
        TextDelta("b", 1, 7, choice=1),
        TextDelta("gone", 2, 7, choice=0),
        TextDelta("c!", 2, 7, choice=1),
    )
    assert [(delta.choice, text(delta), delta.finish) for delta in found] == [
        (0, "a", "stop"),
        (1, "b", None),
        (1, "c", "stop"),
    ]


def test_what_was_held_back_comes_when_the_text_ends_without_a_finish() -> None:
    assert "".join(text for text, *_ in run(("END",), TextDelta("text E", 1, 7))) == "text E"


def test_a_stop_in_thoughts_is_none() -> None:
    found = kept(chat(("\n", "hm")), *by_token("<think>", "hm\n", "</think>", "yes", "\n", "no"))
    assert [part for delta in found for part in delta.parts] == [Reasoning("hm\n"), Content("yes")]
    assert (found[-1].finish, found[-1].completion_tokens, found[-1].reasoning_tokens) == ("stop", 5, 2)


@pytest.mark.parametrize("stop", ["}", '"', "<", "add", "\n", "</tool_call>"])
def test_a_stop_in_the_markup_of_a_call_is_none(stop: str) -> None:
    for deltas in (by_token(*CALL, finish="stop"), [TextDelta(CALL, 40, 7, "stop")]):
        found = kept(chat((stop,)), *deltas)
        assert [part for delta in found for part in delta.parts] == [CalledTool("add", '{"a": {"b": 1}}')]
        assert found[-1].finish == "tool_calls"


def test_a_stop_after_a_call_ends_the_answer_with_calls() -> None:
    found = kept(chat(("END",)), TextDelta(f"{CALL} So ENDs", 9, 7), TextDelta("!", 10, 7))
    assert found[-1].parts == (CalledTool("add", '{"a": {"b": 1}}'), Content(" So "))
    assert found[-1].finish == "tool_calls"
    named = chat(("END",), tool_choice=ToolChoice("named", "add"))
    assert kept(named, TextDelta(f"{CALL} END", 9, 7))[-1].finish == "stop"


def test_a_stop_does_not_reach_over_a_call() -> None:
    found = kept(chat(("END",)), TextDelta(f"EN{CALL}D", 9, 7, "stop"))
    assert found[-1].parts == (Content("EN"), CalledTool("add", '{"a": {"b": 1}}'), Content("D"))


def test_a_stop_that_the_parser_held_back_is_billed_by_its_own_token() -> None:
    # Only "x" shows that "<tool" begins no call; the stop had come with "<".
    for deltas in (by_token("a", "<", "tool", "x", "y"), [at_once("a", "<", "tool", "x", "y")]):
        found = kept(chat(("<",)), *deltas)
        assert "".join(map(text, found)) == "a"
        assert (found[-1].finish, found[-1].completion_tokens) == ("stop", 2)
    found = kept(chat(("\n",)), *by_token("\n", "a", "b"))
    assert (found[-1].finish, found[-1].completion_tokens) == ("stop", 1)


def test_a_second_request_in_one_run_is_cut_by_its_own_stops() -> None:
    deltas = [OutputDelta((Content(each),), 1, 7, "length") for each in ("a!b", "c?d")]
    out = CalculatorRunner(StopStringsCalculator()).run(
        request=[completion(("x",)), completion(("?",))], parsed=deltas
    )
    assert [text(delta) for delta in out[StopStringsCalculator.kept]] == ["a!b", "c"]


TOKENS = st.lists(
    st.sampled_from(("", "a", "b", "ab", "ba", "aab", "<s>", "<to", "\n")), min_size=1, max_size=12
)


def parted(tokens: Sequence[str], cuts: Sequence[int]) -> list[TextDelta]:
    """The tokens in deltas, cut at some places; "<s>" is a special one."""
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
                specials=tuple((at - 3, at) for at, token in zip(ends, row, strict=True) if token == "<s>"),
                tokens=tuple(Token(at) for at in range(begin, end)),
            )
        )
    return deltas


@given(
    TOKENS,
    st.lists(st.integers(0, 12)),
    st.sets(st.sampled_from(("ab", "ba", "aba", "bb", "b<", "<", "\n")), min_size=1),
    st.integers(0, 8),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["none", "hermes"]),
)
def test_what_is_kept_and_billed_does_not_depend_on_how_tokens_come(
    tokens: list[str],
    cuts: list[int],
    stop: set[str],
    min_tokens: int,
    include: bool,
    skip: bool,
    tool_format: str,
) -> None:
    request = completion(
        tuple(sorted(stop)),
        min_tokens=min_tokens,
        include_stop_str_in_output=include,
        skip_special_tokens=skip,
    )

    def kept_of(cuts: Sequence[int]) -> tuple[str, int, str | None]:
        parser = make_parser(tool_format, None, tools=[Tool(name="f")], keep_specials=not skip)
        reading, cutter, found, last = ChoiceParser(parser, stops=True), Cutter(request), "", None
        for delta in parted(tokens, cuts):
            last = cutter.cut(reading.parse(delta))
            found += text(last)
            if cutter.stopped:
                break
        assert last is not None
        return found, last.completion_tokens, last.finish

    one_by_one = kept_of(range(len(tokens)))
    assert kept_of(cuts) == kept_of(()) == one_by_one
    found, billed, finish = one_by_one
    if finish == "stop":
        assert billed >= min_tokens
    elif tool_format == "none":
        assert (found, billed) == ("".join(t for t in tokens if not skip or t != "<s>"), len(tokens))
