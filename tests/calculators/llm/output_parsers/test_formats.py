"""Parsers by the names of their formats, and what they have in common."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ovpipe.calculators.llm.output_parsers import (
    REASONING_FORMATS,
    TOOL_FORMATS,
    has_guide,
    make_guide,
    make_parser,
    prompt_opens_thinking,
)
from ovpipe.calculators.llm.packets import CalledTool, Content, Reasoning, Tool
from ovpipe.errors import NotFoundError
from tests.calculators.llm.output_parsers.reading import read

TOOLS = [Tool(name="f")]
CALL = '<tool_call>{"name": "f", "arguments": {"x": 1.0}}</tool_call>'


def test_an_unknown_format_is_told_with_the_nearest_name() -> None:
    with pytest.raises(NotFoundError, match=r"no tool-call format 'hermse'; did you mean 'hermes'\?"):
        make_parser("hermse", None)
    with pytest.raises(NotFoundError, match=r"no reasoning format 'thinks'; did you mean 'think'\?"):
        make_parser(None, "thinks")


def test_harmony_stands_alone() -> None:
    with pytest.raises(
        ValueError, match="'gpt_oss' holds calls and thoughts in one and cannot stand beside 'think'"
    ):
        make_parser("gpt_oss", "think")


def test_none_turns_a_format_off() -> None:
    text = f"<think>hm</think>{CALL}"
    assert read(make_parser("none", "none", tools=TOOLS), text) == [Content(text)]
    assert read(make_parser(None, "think", tools=TOOLS), text) == [Reasoning("hm"), Content(CALL)]
    assert read(make_parser("hermes", None, tools=TOOLS), text) == [
        Content("<think>hm</think>"),
        CalledTool("f", '{"x": 1.0}'),
    ]


def test_without_tools_thoughts_are_still_told_apart() -> None:
    assert read(make_parser("hermes", "think"), f"<think>hm</think>{CALL}") == [
        Reasoning("hm"),
        Content(CALL),
    ]


def test_harmony_without_its_thoughts_shows_them() -> None:
    text = "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>"
    assert read(make_parser("gpt_oss", "none", tools=TOOLS), text) == [Content("hmyes")]
    assert read(make_parser("none", "gpt_oss", tools=TOOLS), text) == [Reasoning("hm"), Content("yes")]


def test_harmony_without_tools_shows_what_would_be_a_call() -> None:
    text = "<|channel|>commentary to=functions.f<|message|>{}<|call|>"
    assert read(make_parser("gpt_oss", "gpt_oss"), text) == [Content("{}")]


def test_harmony_takes_a_recipient_in_the_role() -> None:
    text = " to=functions.f<|channel|>commentary <|constrain|>json<|message|>{}"
    assert read(make_parser("gpt_oss", "gpt_oss", tools=TOOLS), text, end="<|call|>") == [
        CalledTool("f", "{}")
    ]


def test_a_call_is_handed_out_as_soon_as_it_is_whole() -> None:
    parser = make_parser("hermes", None, tools=TOOLS)
    assert parser.feed(f"Yes. {CALL[:-1]}") == [Content("Yes. ")]
    assert parser.feed(">") == [CalledTool("f", '{"x": 1.0}')]


def test_a_call_cut_off_is_text() -> None:
    assert read(make_parser("hermes", None, tools=TOOLS), CALL[:20]) == [Content(CALL[:20])]


def test_a_call_cut_off_in_its_closing_tag_is_whole() -> None:
    assert read(make_parser("hermes", None, tools=TOOLS), CALL[:-3]) == [CalledTool("f", '{"x": 1.0}')]


def test_an_object_that_is_no_call_is_text_unless_a_call_came_before() -> None:
    other = "<tool_call>{}</tool_call>"
    assert read(make_parser("hermes", None, tools=TOOLS), other) == [Content(other)]
    assert read(make_parser("hermes", None, tools=TOOLS), CALL + other) == [CalledTool("f", '{"x": 1.0}')]


def test_arguments_that_are_missing_are_none() -> None:
    assert read(make_parser("hermes", None, tools=TOOLS), '<tool_call>{"name": "f"}</tool_call>') == [
        CalledTool("f", "{}")
    ]


def test_white_space_beside_calls_is_no_content_but_beside_text_it_is() -> None:
    call = CalledTool("f", '{"x": 1.0}')
    assert read(make_parser("hermes", None, tools=TOOLS), f"\n\n{CALL}\n{CALL}\n") == [call, call]
    assert read(make_parser("hermes", None, tools=TOOLS), f"a\n{CALL}\n b") == [
        Content("a\n"),
        call,
        Content("\n b"),
    ]


def test_special_tokens_that_are_no_part_of_the_format_are_left_out_unless_wanted() -> None:
    text = "<think>a<|x|>b</think>c<|x|>d"
    assert read(make_parser("hermes", "think", tools=TOOLS), text, specials=["<|x|>"]) == [
        Reasoning("ab"),
        Content("cd"),
    ]
    assert read(
        make_parser("hermes", "think", tools=TOOLS, keep_specials=True), text, specials=["<|x|>"]
    ) == [
        Reasoning("a<|x|>b"),
        Content("c<|x|>d"),
    ]
    assert read(make_parser("hermes", "think", tools=TOOLS), text)[1] == Content("c<|x|>d")


def test_markers_of_other_formats_are_text() -> None:
    text = "[TOOL_CALLS]f{} <|channel|> functools[]"
    assert read(make_parser("hermes", "think", tools=TOOLS), text) == [Content(text)]


def test_it_is_known_when_the_text_is_inside_thoughts() -> None:
    def after(pieces: list[str], tool_format: str, reasoning_format: str) -> list[bool]:
        parser = make_parser(tool_format, reasoning_format, tools=TOOLS)
        seen = [parser.reasoning]
        for piece in pieces:
            parser.feed(piece)
            seen.append(parser.reasoning)
        return seen

    assert after(["<think>", "hm</think>"], "hermes", "think") == [False, True, False]
    assert after(["<|channel|>analysis<|message|>hm", "<|end|>"], "gpt_oss", "gpt_oss") == [
        False,
        True,
        False,
    ]
    assert make_parser(None, "think", prompt_opens_thinking=True).reasoning


def test_gemma_thinks_amid_the_answer_too() -> None:
    text = "a<|channel>thought\nb<channel|>c<|channel>thought<channel|>d"
    assert read(make_parser("gemma", "gemma", tools=TOOLS), text) == [
        Content("a"),
        Reasoning("b"),
        Content("cd"),
    ]
    assert read(make_parser("gemma", "gemma"), "<|channel>thousand reasons<channel|>") == [
        Reasoning("thousand reasons")
    ]


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|im_start|>assistant\n<think>\n", True),
        ("<|Assistant|><think>", True),
        ("<|im_start|>assistant\n<think>\n\n</think>\n\n", False),
        ("What does <think> mean?<|im_end|>\n<|im_start|>assistant\n", False),
        ("", False),
    ],
)
def test_a_prompt_that_ends_in_an_opened_thought_is_seen(prompt: str, opened: bool) -> None:
    assert prompt_opens_thinking(prompt) is opened


def test_a_model_may_begin_in_thoughts_that_its_prompt_does_not_open() -> None:
    assert prompt_opens_thinking("<|im_start|>assistant\n", "think_opened")
    assert not prompt_opens_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n", "think_opened")
    assert not prompt_opens_thinking("assistant\n", "think_opened", begun="<think>So</think>The")
    parser = make_parser(None, "think_opened", prompt_opens_thinking=True)
    assert parser.feed("hm") == [Reasoning("hm")]
    assert parser.feed("</think>\n\nyes") == [Content("yes")]


def test_prompts_of_other_formats_are_asked_by_name() -> None:
    assert prompt_opens_thinking("[/INST][THINK]", "mistral")
    assert prompt_opens_thinking("<|turn>model\n<|channel>thought\n", "gemma")
    assert not prompt_opens_thinking("<think>", None)
    assert not prompt_opens_thinking("<think>", "gpt_oss")


@pytest.mark.parametrize(
    ("value", "schema", "wanted"),
    [
        ("True", {"type": "boolean"}, "true"),
        ("True", None, '"True"'),
        (" 7 ", {"type": "integer"}, "7"),
        ("seven", {"type": "integer"}, '"seven"'),
        ("{'a': [1, None]}", {"type": "object"}, '{"a": [1, null]}'),
        ('{"a":  1}', {"type": "object"}, '{"a":  1}'),
        ('"celsius"', {"type": "string", "enum": ["celsius"]}, '"celsius"'),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "null"),
        ("12", {"enum": ["12"]}, '"12"'),
    ],
)
def test_a_bare_value_is_what_its_schema_says(
    value: str, schema: dict[str, object] | None, wanted: str
) -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": {"x": schema} if schema else {}})
    text = f"<function=f><parameter=x>{value}</parameter></function>"
    assert read(make_parser("qwen3_coder", None, tools=[tool]), text) == [
        CalledTool("f", f'{{"x": {wanted}}}')
    ]


@pytest.mark.parametrize(
    ("literal", "wanted"),
    [
        ("{1, 2}", "[1, 2]"),
        ("('a',)", '["a"]'),
        ("07", "7"),
        ("-1.50e3", "-1.50e3"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0x1F", "31"),
        (r"'a\tb\u00e9\'c'", '"a\\tb\u00e9\'c"'),
        (r"'\ud800'", '"\\ud800"'),
    ],
)
def test_python_is_said_in_json(literal: str, wanted: str) -> None:
    text = f"[f(x={literal})]"
    assert read(make_parser("llama_pythonic", None, tools=TOOLS), text) == [
        CalledTool("f", f'{{"x": {wanted}}}')
    ]


def test_a_list_of_which_nothing_can_be_read_is_text() -> None:
    text = "<|tool_call_start|>[f(x=b'z')]<|tool_call_end|>"
    assert read(make_parser("lfm2", None, tools=TOOLS), text) == [Content(text)]
    empty = "<|tool_call_start|>[]<|tool_call_end|>"
    assert read(make_parser("lfm2", None, tools=TOOLS), empty) == []


def test_a_bare_word_of_gemma_is_a_string() -> None:
    text = "<|tool_call>call:f{unit:celsius,at:[1.5,null,-2],on:true}<tool_call|>"
    assert read(make_parser("gemma", None, tools=TOOLS), text) == [
        CalledTool("f", '{"unit": "celsius", "at": [1.5, null, -2], "on": true}')
    ]


def test_which_formats_have_a_guide_is_known_without_tools() -> None:
    for at_least_one in (True, False):
        for name in TOOL_FORMATS:
            guide = make_guide(name, None, TOOLS, at_least_one=at_least_one, several=True)
            assert has_guide(name, at_least_one=at_least_one) is (guide is not None), name
        assert not has_guide("none", at_least_one=at_least_one)
        assert not has_guide(None, at_least_one=at_least_one)


def test_the_fallback_stands_beside_harmony() -> None:
    text = '[{"name": "f", "parameters": {}}]'
    assert read(make_parser("json_calls", "gpt_oss", tools=TOOLS), text) == [CalledTool("f", "{}")]


def test_the_page_has_every_format() -> None:
    page = (Path(__file__).parents[4] / "docs" / "output-formats.md").read_text()
    calls, _, thoughts = page.partition("## Thoughts")
    assert re.findall(r"^\| `(\w+)`", calls, re.MULTILINE) == list(TOOL_FORMATS)
    assert re.findall(r"^\| `(\w+)`", thoughts, re.MULTILINE) == list(REASONING_FORMATS)
