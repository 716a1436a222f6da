"""LlamaPythonic: calls of Llama 3.2 and 4 as Python."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.formats.block_format import BlockFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.python_values import read_calls
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool

START, END = "<|python_start|>", "<|python_end|>"


class LlamaPythonic(BlockFormat):
    """`[f(x=1), g(y='a')]` from the start of the output to its end, or after `<|python_start|>`.

    `<|python_end|>` may end it. A call that JSON could not say is dropped beside one that it could. An answer
    that begins like a list but not like one of calls passes at once.
    """

    openers, end, last = (START,), END, "]"
    markers = Markers(START, END)
    closers = (END,)

    def calls_in(self, text: str) -> list[CalledTool] | None:
        """The calls, at least one."""
        return read_calls(text) or None

    def steps(self) -> Steps[None]:
        """Reads a list at the start, then one after each start token."""
        opener = yield from self.block()
        while opener := opener or (yield from self.text_until(*self.openers)):
            opener = yield from self.block()

    def block(self, begun: str = "") -> Steps[str]:
        """Reads a list, if one begins here."""
        yield from self.blank()
        begun = yield from self.call_list()
        if begun:
            return (yield from super().block(begun))
        self.release()
        return ""
