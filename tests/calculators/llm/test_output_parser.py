"""OutputParserCalculator: what a text means, choice by choice, with its counts."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.output_parser import OutputParserCalculator
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    Message,
    OutputDelta,
    Prompt,
    Prompts,
    Reasoning,
    TextDelta,
    Tool,
    ToolChoice,
)
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.engines.protocol import Token
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.output_parsers.reading import joined

CALL = '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>'
HERMES = (
    '{% for tool in tools or [] %}{{ tool.function.name }}<tool_call>{"name": ..., "arguments": ...}</tool_call>{% endfor %}'
    "{% for message in messages %}{{ message.content }}{% endfor %}"
)
TOOLS: dict[str, Any] = {"tools": (Tool(name="add"),), "tool_choice": ToolChoice("auto")}


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(id="1", created=1, model="m", messages=(Message(role="user", content="x"),), **wishes)


def parse(
    request: ChatRequest | CompletionRequest, *deltas: TextDelta, prompt: str = ""
) -> list[OutputDelta]:
    """By a parser for the formats of Qwen3."""
    node = OutputParserCalculator(tool_format="hermes", reasoning_format="think")
    out = CalculatorRunner(node).run(
        request=[request], prompts=[Prompts((Prompt((1,), prompt),))], text=deltas
    )
    return out[OutputParserCalculator.parsed]


def test_plain_text_is_content_and_its_counts_stay() -> None:
    assert parse(chat(), TextDelta("Hi", 1, 7, tokens=(Token(5),)), TextDelta("!", 2, 7, "length")) == [
        OutputDelta((Content("Hi"),), 1, 7, tokens=(Token(5),)),
        OutputDelta((Content("!"),), 2, 7, "length"),
    ]


def test_thoughts_are_counted_in_tokens() -> None:
    deltas = parse(
        chat(),
        TextDelta("<think>", 1, 7),
        TextDelta("hm", 2, 7),
        TextDelta("</think>", 3, 7),
        TextDelta("yes", 4, 7, "stop"),
    )
    assert [part for delta in deltas for part in delta.parts] == [Reasoning("hm"), Content("yes")]
    assert deltas[-1].reasoning_tokens == 2


def test_thoughts_that_come_in_one_delta_with_the_answer_are_counted_token_by_token() -> None:
    tokens = ("<think>", "a", "b", "</think>", *"0123")
    ends = tuple(accumulate(map(len, tokens)))
    (delta,) = parse(chat(), TextDelta("".join(tokens), 8, 7, "length", ends=ends))
    assert delta.parts == (Reasoning("ab"), Content("0123"))
    assert delta.reasoning_tokens == 3


def test_special_tokens_and_the_end_of_thoughts_keep_their_places_when_read_token_by_token() -> None:
    delta = TextDelta("a<s>b</think>c\ufffd", 5, 7, "length", ends=(1, 4, 5, 13, 14), specials=((1, 4),))
    for shows, thought in ((False, "ab"), (True, "a<s>b")):
        (read,) = parse(chat(skip_special_tokens=not shows), delta, prompt="...<think>\n")
        assert read.parts == (Reasoning(thought), Content("c\ufffd"))
        assert read.reasoning_tokens == 3


def test_the_last_token_of_thoughts_counts_whether_the_end_comes_with_it_or_after_it() -> None:
    unseen = TextDelta("hm<s>", 2, 7, ends=(2, 5), specials=((2, 5),))
    together = [msgspec.structs.replace(unseen, finish="length")]
    for deltas in (together, [unseen, TextDelta("", 2, 7, "length")]):
        assert parse(chat(), *deltas, prompt="<think>\n")[-1].reasoning_tokens == 2


def test_a_prompt_that_opens_thoughts_makes_the_text_begin_inside() -> None:
    (delta,) = parse(chat(), TextDelta("hm</think>yes", 4, 7, "stop"), prompt="...<think>\n")
    assert delta.parts == (Reasoning("hm"), Content("yes"))


def test_a_message_that_is_continued_amid_its_thoughts_makes_the_text_begin_inside() -> None:
    begun = (Message(role="user", content="<think>?"), Message(role="assistant", content="<think>So I"))
    for messages, parts in (
        (begun, (Reasoning(" see"), Content("yes"))),
        (begun[:1], (Content(" see</think>yes"),)),
    ):
        request = msgspec.structs.replace(chat(), messages=messages, continue_final_message=len(messages) > 1)
        (delta,) = parse(request, TextDelta(" see</think>yes", 4, 7, "stop"), prompt="... <think>So I")
        assert tuple(joined(delta.parts)) == parts


@pytest.mark.parametrize("opener", ["<tool_call>", "</think>"])
def test_a_limit_that_cuts_amid_a_marker_leaves_nothing_of_it(opener: str) -> None:
    text = "hm" if opener == "</think>" else "<think>hm</think>a"
    prompt = "<think>\n" if opener == "</think>" else ""
    whole = list(joined(parse(chat(**TOOLS), TextDelta(text, 1, 7, "length"), prompt=prompt)[0].parts))
    for length in range(1, len(opener)):
        cut = text + opener[:length]
        (delta,) = parse(chat(**TOOLS), TextDelta(cut, 9, 7, "length"), prompt=prompt)
        assert joined(delta.parts) == whole
        deltas = [TextDelta(each, at, 7) for at, each in enumerate(cut, 1)]
        deltas[-1] = msgspec.structs.replace(deltas[-1], finish="length")
        parts = [part for delta in parse(chat(**TOOLS), *deltas, prompt=prompt) for part in delta.parts]
        assert joined(parts) == whole


def test_a_model_may_end_its_answer_with_what_begins_a_marker() -> None:
    (delta,) = parse(chat(**TOOLS), TextDelta("a <", 3, 7, "stop", end="<|im_end|>"))
    assert joined(delta.parts) == [Content("a <")]


def test_a_chosen_call_ends_with_tool_calls_and_a_named_one_with_stop() -> None:
    (chosen,) = parse(chat(**TOOLS), TextDelta(CALL, 9, 7, "stop"))
    assert chosen.parts == (CalledTool("add", '{"a": 1}'),)
    assert chosen.finish == "tool_calls"
    named = chat(tools=TOOLS["tools"], tool_choice=ToolChoice("named", "add"))
    assert parse(named, TextDelta(CALL, 9, 7, "stop"))[0].finish == "stop"
    assert parse(chat(**TOOLS), TextDelta(CALL, 9, 7, "length"))[0].finish == "length"


def test_without_tools_calls_are_text() -> None:
    assert parse(chat(), TextDelta(CALL, 9, 7, "stop"))[0].parts == (Content(CALL),)
    none = chat(tools=TOOLS["tools"], tool_choice=ToolChoice("none"))
    assert parse(none, TextDelta(CALL, 9, 7, "stop"))[0].parts == (Content(CALL),)


def test_one_call_is_handed_on_when_they_are_not_to_be_parallel() -> None:
    deltas = parse(
        chat(parallel_tool_calls=False, **TOOLS), TextDelta(CALL, 9, 7), TextDelta(CALL, 18, 7, "stop")
    )
    assert [part for delta in deltas for part in delta.parts] == [CalledTool("add", '{"a": 1}')]
    assert deltas[-1].finish == "tool_calls"


def test_special_tokens_are_left_out_unless_they_are_wanted() -> None:
    delta = TextDelta("a<s>b", 3, 7, "stop", specials=((1, 4),))
    completion = CompletionRequest(id="1", created=1, model="m", prompts=("p",))
    assert text(parse(completion, delta)) == text(parse(chat(), delta)) == "ab"
    wanted = CompletionRequest(id="1", created=1, model="m", prompts=("p",), skip_special_tokens=False)
    assert text(parse(wanted, delta)) == text(parse(chat(skip_special_tokens=False), delta)) == "a<s>b"


def text(deltas: list[OutputDelta]) -> str:
    """The content of all deltas."""
    return "".join(part.text for delta in deltas for part in delta.parts if isinstance(part, Content))


def test_a_node_may_change_the_text_and_special_tokens_are_still_left_out() -> None:
    delta = TextDelta("ab<s>\u00df<t>", 4, 7, "stop", ends=(2, 5, 6, 9), specials=((2, 5), (6, 9)))
    changed = delta.with_text(str.upper)
    assert (changed.text, changed.specials, changed.ends) == ("AB<s>SS<t>", ((2, 5), (7, 10)), ())
    assert text(parse(chat(), changed)) == "ABSS"
    cut = msgspec.structs.replace(delta, text="a", ends=(), finish=None)
    assert text(parse(chat(), cut, TextDelta("<think>b", 5, 7, "stop"))) == "a<think>b"


def test_choices_do_not_mix() -> None:
    deltas = parse(
        chat(n=2, best_of=2),
        TextDelta("<think>a", 1, 7, choice=0),
        TextDelta("b", 1, 7, choice=1),
        TextDelta("</think>c", 2, 7, "stop", choice=0),
        TextDelta("d", 2, 7, "stop", choice=1),
    )
    assert [(delta.choice, part) for delta in deltas for part in delta.parts] == [
        (0, Reasoning("a")),
        (1, Content("b")),
        (0, Content("c")),
        (1, Content("d")),
    ]


def test_what_was_held_back_comes_when_the_text_ends_without_a_finish() -> None:
    assert text(parse(chat(), TextDelta("less <thi", 1, 7))) == "less <thi"


def test_a_completion_has_no_formats() -> None:
    completion = CompletionRequest(id="1", created=1, model="m", prompts=("p",))
    assert (
        text(parse(completion, TextDelta("<think>hm</think>" + CALL, 9, 7, "stop")))
        == "<think>hm</think>" + CALL
    )


def test_a_second_request_in_one_run_is_read_like_the_first() -> None:
    node = OutputParserCalculator(tool_format="hermes", reasoning_format="think")
    out = CalculatorRunner(node).run(
        request=[chat(**TOOLS), chat()],
        prompts=[Prompts((Prompt((1,)),)), Prompts((Prompt((1,), "<think>"),))],
        text=[TextDelta(CALL, 9, 7, "stop"), TextDelta(f"hm</think>{CALL}", 12, 7, "stop")],
    )
    first, second = out[OutputParserCalculator.parsed]
    assert (first.parts, first.finish) == ((CalledTool("add", '{"a": 1}'),), "tool_calls")
    assert (second.parts, second.finish) == ((Reasoning("hm"), Content(CALL)), "stop")


@pytest.mark.parametrize(
    ("named", "template", "found"),
    [
        ({}, None, {"tools": False, "reasoning": False}),
        ({"tool_format": "hermes", "reasoning_format": "think"}, None, {"tools": False, "reasoning": True}),
        ({}, HERMES, {"tools": True, "reasoning": False}),
        ({"tool_format": "none"}, HERMES, {"tools": False, "reasoning": False}),
        ({"tool_format": "hermes"}, "{{ messages[0].content }}", {"tools": False, "reasoning": False}),
    ],
)
def test_a_model_can_call_tools_that_its_template_shows_and_whose_calls_are_read(
    named: dict[str, str], template: str | None, found: dict[str, bool]
) -> None:
    given = {"chat_template": None if template is None else ChatTemplate(template)}
    assert OutputParserCalculator(**named).model_capabilities(given) == found
