"""OutputParserCalculator: text becomes content, reasoning and tool calls."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.grammars.guided import Formats, formats_of, tools_of
from ovpipe.calculators.llm.output_parsers import (
    OutputParser,
    check_formats,
    make_parser,
    prompt_opens_thinking,
)
from ovpipe.calculators.llm.output_parsers.formats.plain_text import PlainText
from ovpipe.calculators.llm.output_parsers.readers.pieces import Piece, TextBuffer
from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    Finish,
    OutputDelta,
    Part,
    Prompts,
    Reasoning,
    TextDelta,
)
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class OutputParserCalculator(Calculator):
    """Says what the model's text means: one OutputDelta for each TextDelta.

    Inputs `request`, `prompts` (optional: whether the prompt has opened a thought) and `text`; output
    `parsed`. Side input `chat_template` (optional) shows in which formats the model writes; the options
    `tool_format` and `reasoning_format` name them, and "none" turns one off. A completion has no formats: its
    text is content, without the special tokens unless the request wants them.

        output_parser:
          calculator: OutputParserCalculator
          side_inputs: {chat_template: chat_template}
          inputs: {request: chat_request, prompts: prompts, text: kept_text}
          outputs: {parsed: parsed}
          options: {tool_format: hermes, reasoning_format: think}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    text = Input[TextDelta]()
    parsed = Output[OutputDelta](streaming=True)
    chat_template = SideInput[ChatTemplate | None](optional=True)

    def __init__(self, *, tool_format: str | None = None, reasoning_format: str | None = None) -> None:
        check_formats(tool_format, reasoning_format)
        self._formats = Formats(tool_format, reasoning_format)
        self._new_parser: Callable[[], ChoiceParser] = lambda: ChoiceParser(make_parser("none", "none"))
        self._choices: dict[tuple[int, int], ChoiceParser] = {}

    def process(self, cx: Context) -> None:
        """Sends what one delta means."""
        request = cx.get(self.request)
        if request is not None:
            self._begin(request, cx.get(self.prompts), cx.get(self.chat_template))
        delta = cx.get(self.text)
        if delta is None:
            return
        key = (delta.prompt, delta.choice)
        choice = self._choices.get(key)
        if choice is None:
            choice = self._choices[key] = self._new_parser()
        cx.send(self.parsed, choice.parse(delta))

    def close(self, cx: Context) -> None:
        """Hands on what was held back of a text that a node above ended without a finish."""
        for choice in self._choices.values():
            rest = choice.rest()
            if rest is not None:
                cx.send(self.parsed, rest)

    def _begin(
        self, request: ChatRequest | CompletionRequest, prompts: Prompts | None, template: ChatTemplate | None
    ) -> None:
        """Settles how texts of this request are read."""
        keep_specials = not request.skip_special_tokens
        if not isinstance(request, ChatRequest):
            self._new_parser = lambda: ChoiceParser(make_parser("none", "none", keep_specials=keep_specials))
            return
        formats = formats_of(request, self._formats, template)
        opened = prompts is not None and prompt_opens_thinking(prompts.prompts[0].text, formats.reasoning)
        self._new_parser = lambda: ChoiceParser(
            make_parser(
                *formats, tools=tools_of(request), prompt_opens_thinking=opened, keep_specials=keep_specials
            ),
            thinks=formats.reasoning not in (None, "none"),
            most_calls=None if request.parallel_tool_calls else 1,
            named=request.tool_choice.mode == "named",
        )


class ChoiceParser:
    """What the text of one choice means, and how many tokens of it were thoughts.

    A forced call ends with "stop" and a chosen one with "tool_calls", as at OpenAI. Of a request that wants
    one call, only the first is handed on. `thinks` says that there may be thoughts: then tokens that come
    together are read one by one, so that each counts as what it is.
    """

    def __init__(
        self,
        parser: OutputParser,
        *,
        thinks: bool = False,
        most_calls: int | None = None,
        named: bool = False,
    ) -> None:
        self._parser = parser
        self._plain = type(parser) is PlainText
        self._thinks = thinks
        self._most_calls = most_calls
        self._named = named
        self._calls = 0
        self._seen_tokens = 0
        self._reasoning_tokens = 0
        self._last: TextDelta | None = None

    def parse(self, delta: TextDelta) -> OutputDelta:
        """The next delta; after one with a finish there is none."""
        if delta.finish is not None:
            self._last = None
            return self._output(delta, self._read(delta))
        self._last = delta
        if not self._plain or delta.specials:
            return self._output(delta, self._read(delta))
        text = delta.text  # most answers are nothing but this
        return OutputDelta(
            (Content(text),) if text else (),
            delta.completion_tokens,
            delta.prompt_tokens,
            None,
            delta.prompt,
            delta.choice,
            0,
            delta.tokens,
        )

    def rest(self) -> OutputDelta | None:
        """What was held back, when the text has ended without a finish."""
        if self._last is None:
            return None
        parts = self._parser.finish(cut=False)
        if not parts:
            return None
        return self._output(msgspec.structs.replace(self._last, tokens=()), parts)

    def _read(self, delta: TextDelta) -> list[Part]:
        """What a delta means; counts its thoughts."""
        new = delta.completion_tokens - self._seen_tokens
        self._seen_tokens = delta.completion_tokens
        end = None if delta.finish is None else delta.end
        if not self._thinks or new < 2 or new != len(delta.ends):
            return self._read_piece(Piece(delta.text, delta.specials), end, new)
        buffer = TextBuffer()
        buffer.push(delta.text, delta.specials)
        parts: list[Part] = []
        for at in delta.ends[:-1]:
            parts += self._read_piece(buffer.take(at), None, 1)
        parts += self._read_piece(buffer.take(len(delta.text)), end, 1)
        return joined(parts)

    def _read_piece(self, piece: Piece, end: str | None, tokens: int) -> list[Part]:
        """What a piece of the text means. With an `end` it is the last."""
        parts = self._parser.feed(*piece) if piece.text else []
        if end is not None:
            parts = parts + self._parser.finish(end)
        if self._thinks and (self._parser.reasoning or any(type(part) is Reasoning for part in parts)):
            self._reasoning_tokens += tokens
        return parts

    def _output(self, delta: TextDelta, parts: list[Part]) -> OutputDelta:
        calls = 0
        for part in parts:
            if type(part) is CalledTool:
                calls += 1
        finish: Finish = delta.finish
        if calls and self._most_calls is not None:
            parts = first_calls(parts, self._most_calls - self._calls)
        self._calls += calls
        if finish == "stop" and self._calls and not self._named:
            finish = "tool_calls"
        return OutputDelta(
            tuple(parts),
            delta.completion_tokens,
            delta.prompt_tokens,
            finish,
            delta.prompt,
            delta.choice,
            self._reasoning_tokens,
            delta.tokens,
        )


def joined(parts: list[Part]) -> list[Part]:
    """The parts, with texts of one kind in a row made one."""
    whole: list[Part] = []
    for kind, row in groupby(parts, type):
        if kind is CalledTool:
            whole.extend(row)
        else:
            text = "".join(part.text for part in row if not isinstance(part, CalledTool))
            whole.append(Content(text) if kind is Content else Reasoning(text))
    return whole


def first_calls(parts: list[Part], most: int) -> list[Part]:
    """The parts with no more calls than so many."""
    kept: list[Part] = []
    for part in parts:
        if type(part) is CalledTool:
            if most <= 0:
                continue
            most -= 1
        kept.append(part)
    return kept
