"""Gemma: calls of Gemma 4."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.block_format import BlockFormat
from ovpipe.calculators.llm.output_parsers.readers.gemma_values import QUOTE, read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.packets import CalledTool

START, END = "<|tool_call>", "<tool_call|>"


class Gemma(BlockFormat):
    """`<|tool_call>call:f{key:<|"|>text<|"|>,other:1}<tool_call|>`; a block may hold several calls."""

    openers, end, last = (START,), END, "}"
    markers = Markers(START, END, QUOTE)
    closers = (END,)

    def calls_in(self, text: str) -> list[CalledTool] | None:
        """The calls, at least one."""
        return read_calls(text, self.tools) or None
