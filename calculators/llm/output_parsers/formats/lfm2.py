"""Lfm2: calls of LFM2 and LFM2.5."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.block_format import BlockFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.python_values import read_calls
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool

START, END = "<|tool_call_start|>", "<|tool_call_end|>"


class Lfm2(BlockFormat):
    """`<|tool_call_start|>[f(x=1), g(y='a')]<|tool_call_end|>`, and text around it.

    A call that JSON could not say is dropped beside one that it could. Line breaks after a block belong to
    it, and so does a repetition of the list with an end token of its own, which the model sometimes writes.
    """

    openers, end, last = (START,), END, "]"
    markers = Markers(START, END)
    closers = (END,)
    drops_breaks_after_calls = True

    def calls_in(self, text: str) -> list[CalledTool] | None:
        """The calls; an empty list is none, and no text either."""
        return read_calls(text)

    def block(self, begun: str = "") -> Steps[str]:
        """Reads a block and a repetition of it."""
        opener = yield from super().block(begun)
        if opener or not self.message.after_call:
            return opener
        yield from self.blank()
        if (yield from self.call_list()):
            _, marker = yield from self.until(END)
            if marker:
                self.forget()
                return ""
        self.release()
        return ""
