"""Lfm2: calls of LFM2 and LFM2.5."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.python_values import read_calls
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps

START, END = "<|tool_call_start|>", "<|tool_call_end|>"


class Lfm2(ToolFormat):
    r"""`<|tool_call_start|>[f(x=1), g(y='a')]<|tool_call_end|>`, and text around it.

    A backslash in a string means itself, but before a quote, and quotes inside need no backslash. A call that
    JSON could not say is dropped beside one that it could. White space after a block is dropped, and so is
    a repetition of the list with an end token of its own, which the model sometimes writes.
    """

    markers = Markers(START, END)
    closers = (END,)
    trims_after_calls = True

    def steps(self) -> Steps[None]:
        """Reads block after block."""
        while (yield from self.text_until(START)):
            text, _ = yield from self.until(END)
            calls = read_calls(text, escapes=False)
            if calls is None:
                self.release()
                continue
            self.call(*calls)
            yield from self._echo()

    def _echo(self) -> Steps[None]:
        yield from self.blank()
        if (yield from self.call_list()):
            _, marker = yield from self.until(END)
            if marker:
                self.forget()
                return
        self.release()
