"""OutputParserCalculator: text becomes content, reasoning and tool calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.grammars.guided import Formats, written_by
from ovpipe.calculators.llm.output_parsers import check_formats, make_parser
from ovpipe.calculators.llm.output_parsers.choice_parser import ChoiceParser
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    OutputDelta,
    Prompts,
    TextDelta,
)
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.calculators.llm.text.answers import parsers_of
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

NO_FORMAT: Final = (None, "none")


@register
class OutputParserCalculator(Calculator):
    """Says what the model's text means: one OutputDelta for each TextDelta.

    Inputs `request`, `prompts` (optional: whether the prompt has opened a thought) and `text`; output
    `parsed`. Side input `chat_template` (optional) shows in which formats the model writes; the options
    `tool_format` and `reasoning_format` name them, and "none" turns one off. A completion has no formats: its
    text is content, without the special tokens unless the request wants them. Stop strings are looked for
    below, in what it says is content.

        output_parser:
          calculator: OutputParserCalculator
          side_inputs: {chat_template: chat_template}
          inputs: {request: chat_request, prompts: prompts, text: text}
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

    def model_capabilities(self, side_packets: Mapping[str, Any]) -> Mapping[str, Any]:
        """See DescribesModel."""
        template: ChatTemplate | None = side_packets.get("chat_template")
        shows_tools = template is not None and template.shows_tools
        tools, reasoning = written_by(template, self._formats)
        return {"tools": shows_tools and tools not in NO_FORMAT, "reasoning": reasoning not in NO_FORMAT}

    def process(self, cx: Context) -> None:
        """Sends what one delta means."""
        request = cx.get(self.request)
        if request is not None:
            self.close(cx)  # what is left of a request before it in this run
            self._choices.clear()
            self._new_parser = parsers_of(
                request, self._formats, cx.get(self.prompts), cx.get(self.chat_template)
            )
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
