"""LlamaPythonic: calls of Llama 3.2 and 4 as Python."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.python_values import read_calls
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps

START, END = "<|python_start|>", "<|python_end|>"


class LlamaPythonic(ToolFormat):
    """`[f(x=1), g(y='a')]` from the start of the output to its end, or after `<|python_start|>`.

    `<|python_end|>` may end it. Strings follow Python's rules. A call that JSON could not say is dropped
    beside one that it could. An answer that begins like a list but not like one of calls passes at once.
    """

    markers = Markers(START, END)
    closers = (END,)

    def steps(self) -> Steps[None]:
        """Reads a list at the start, then one after each start token."""
        yield from self.blank()
        yield from self._calls()
        while (yield from self.text_until(START)):
            yield from self.blank()
            yield from self._calls()

    def _calls(self) -> Steps[None]:
        begun = yield from self.call_list()
        if begun:
            rest, _ = yield from self.until(END)
            calls = read_calls(begun + rest, escapes=True)
            if calls:
                self.call(*calls)
                return
        self.release()
