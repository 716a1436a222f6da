"""What holds for any text in any format: no error, nothing lost, no matter how it comes, in linear time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculators.llm.output_parsers import REASONING_FORMATS, TOOL_FORMATS, OutputParser, make_parser
from ovpipe.calculators.llm.packets import Content, Tool
from tests.calculators.llm.output_parsers.reading import content, read

TOOLS = [Tool(name="f", parameters={"type": "object", "properties": {"x": {"type": "integer"}}})]
PAIRS = [
    *((tool, None) for tool in TOOL_FORMATS),
    *((None, reasoning) for reasoning in REASONING_FORMATS),
    ("hermes", "think"),
    ("gemma", "gemma"),
    ("gpt_oss", "gpt_oss"),
    ("mistral", "mistral"),
    ("granite", "granite"),
]
MARKERS = sorted({marker for tools in TOOL_FORMATS.values() for marker in tools.markers.all}) + sorted(
    {marker for thoughts in REASONING_FORMATS.values() if thoughts for marker in thoughts.markers.all}
)
BODIES = [
    '{"name": "f", "arguments": {"x": 1}}', '{"name": "f", "parameters": {}}', "[f(x='a'), g()]", "[", "]", "{", "}",
    "call:f{x:1}", "f", "f>", "x>", "1", "\n", " ", "json", "```", ";", '"', "'", "\\", "assistant", "final", "analysis",
    "commentary to=functions.f ", "to=functions.f", "thought\n", "text", "\u00e9\U0001f600",
]  # fmt: skip
fragments = st.one_of(
    st.sampled_from(MARKERS),
    st.sampled_from(BODIES),
    st.sampled_from([marker[:-1] for marker in MARKERS]),
    st.sampled_from(["<|eot|>", "<s>"]),
)
pieces = st.lists(fragments, max_size=14)
SPECIALS = [*MARKERS, "<|eot|>", "<s>"]


any_text = given(
    texts=pieces,
    special=st.booleans(),
    keep=st.booleans(),
    opened=st.booleans(),
    end=st.sampled_from(["", "</s>", "<|call|>"]),
    data=st.data(),
)


def assert_same_in_any_pieces(
    tool_format: str | None,
    reasoning_format: str | None,
    texts: list[str],
    special: bool,
    keep: bool,
    opened: bool,
    end: str,
    data: st.DataObject,
) -> None:
    def made() -> OutputParser:
        return make_parser(
            tool_format, reasoning_format, tools=TOOLS, prompt_opens_thinking=opened, keep_specials=keep
        )

    text = "".join(texts)
    specials = SPECIALS if special else ()
    whole = read(made(), text, specials=specials, end=end)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    assert read(made(), text, specials=specials, end=end, cuts=cuts) == whole
    assert read(made(), text, specials=specials, end=end, cuts=range(1, len(text))) == whole


@pytest.mark.parametrize(("tool_format", "reasoning_format"), PAIRS)
@settings(max_examples=30, deadline=None)
@any_text
def test_any_text_means_the_same_in_any_pieces(
    tool_format: str | None, reasoning_format: str | None, **text: Any
) -> None:
    assert_same_in_any_pieces(tool_format, reasoning_format, **text)


@pytest.mark.slow
@pytest.mark.parametrize(("tool_format", "reasoning_format"), PAIRS)
@settings(max_examples=200, deadline=None)
@any_text
def test_many_more_texts_mean_the_same_in_any_pieces(
    tool_format: str | None, reasoning_format: str | None, **text: Any
) -> None:
    assert_same_in_any_pieces(tool_format, reasoning_format, **text)


@pytest.mark.parametrize(("tool_format", "reasoning_format"), PAIRS)
@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ab <|>[]{}()=:\"'`\n\\/;tf\u00e9", max_size=60))
def test_text_without_markers_comes_out_as_it_is(
    tool_format: str | None, reasoning_format: str | None, text: str
) -> None:
    assert content(read(make_parser(tool_format, reasoning_format, tools=TOOLS), text)) == text


@pytest.mark.parametrize(("tool_format", "reasoning_format"), PAIRS)
def test_text_that_can_become_nothing_else_is_not_held_back(
    tool_format: str | None, reasoning_format: str | None
) -> None:
    parser = make_parser(tool_format, reasoning_format, tools=TOOLS)
    assert parser.feed("Hello, wor") == [Content("Hello, wor")]
    assert parser.feed("ld") == [Content("ld")]


BIG = "x, y = [1] {2} (3) ' " * 3_000
LONG_CALLS = {
    "hermes": '<tool_call>{"name": "f", "arguments": {"x": "' + BIG + '"}}</tool_call>',
    "llama3_json": '{"name": "f", "parameters": {"x": "' + BIG + '"}}',
    "llama_pythonic": '[f(x="' + BIG + '")]',
    "mistral": '[TOOL_CALLS]f{"x": "' + BIG + '"}',
    "phi4": 'functools[{"name": "f", "arguments": {"x": "' + BIG + '"}}]',
    "qwen3_coder": "<function=f><parameter=x>" + BIG + "</parameter></function>",
    "deepseek_v3": (
        "<\uff5ctool\u2581call\u2581begin\uff5c>f<\uff5ctool\u2581sep\uff5c>"
        '{"x": "' + BIG + '"}<\uff5ctool\u2581call\u2581end\uff5c>'
    ),
    "gpt_oss": '<|channel|>commentary to=functions.f<|message|>{"x": "' + BIG + '"}<|call|>',
    "gemma": '<|tool_call>call:f{x:<|"|>' + BIG + '<|"|>}<tool_call|>',
    "granite": '<|tool_call|>[{"name": "f", "arguments": {"x": "' + BIG + '"}}]',
    "devstral": '[TOOL_CALLS]f[ARGS]{"x": "' + BIG + '"}',
    "lfm2": '<|tool_call_start|>[f(x="' + BIG + '")]<|tool_call_end|>',
    "json_calls": '[{"name": "f", "parameters": {"x": "' + BIG + '"}}]',
}


@pytest.mark.parametrize("name", TOOL_FORMATS)
@pytest.mark.slow
def test_a_long_call_costs_linear_time_however_it_comes(name: str) -> None:
    parser = make_parser(name, None, tools=TOOLS)
    start = time.process_time()
    parts = [part for character in LONG_CALLS[name] for part in parser.feed(character)] + parser.finish()
    assert time.process_time() - start < 5  # under 1; reading what is held again each time takes minutes
    assert [type(part).__name__ for part in parts] == ["CalledTool"]


@pytest.mark.parametrize("opening", ["[", "<|tool_call_start|>["])
def test_many_strings_that_nothing_closes_cost_linear_time(opening: str) -> None:
    name = "llama_pythonic" if opening == "[" else "lfm2"
    text = opening + "f(a='x),\n" * 12_000 + "f()]"
    start = time.process_time()
    assert [type(part).__name__ for part in read(make_parser(name, None, tools=TOOLS), text)] == [
        "CalledTool"
    ]
    assert (
        time.process_time() - start < 5
    )  # about 0.1; looking for each closing quote anew takes half a minute


@pytest.mark.parametrize(("tool_format", "reasoning_format"), PAIRS)
@pytest.mark.parametrize(
    "unit",
    [
        "<tool_call>", "<function=a><parameter=b>", "[TOOL_CALLS]", "[TOOL_CALLS]a[", '{"name": ', "functools[[", "[f(a='x),",
        '<|tool_call>call:f{a:<|"|>', "<|tool_call_start|>[f(a='x',", "<|channel|>", " ", "\n", "<", "Here is my ", '{"a":',
        "[f(a=[", "{", "[",
    ],
)  # fmt: skip
@pytest.mark.slow
def test_no_repetition_costs_more_than_linear_time(
    tool_format: str | None, reasoning_format: str | None, unit: str
) -> None:
    parser = make_parser(tool_format, reasoning_format, tools=TOOLS)
    start = time.process_time()
    text = unit * (100_000 // len(unit))
    parser.feed(text)
    parser.finish()
    assert time.process_time() - start < 5  # about 0.1
