"""Gemma: calls of Gemma 4."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.gemma_values import QUOTE, read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps

START, END = "<|tool_call>", "<tool_call|>"


class Gemma(ToolFormat):
    """`<|tool_call>call:f{key:<|"|>text<|"|>,other:1}<tool_call|>`; a block may hold several calls."""

    markers = Markers(START, END, QUOTE)
    closers = (END,)

    def steps(self) -> Steps[None]:
        """Reads block after block."""
        while (yield from self.text_until(START)):
            text, _ = yield from self.until(END)
            calls = read_calls(text)
            if calls:
                self.call(*calls)
            else:
                self.release()
