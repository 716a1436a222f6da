"""Hermes: calls of Hermes 2 and 3, Qwen2.5, Qwen3 and many others."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import has_name, read_call
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import Tool

OPEN, CLOSE = "<tool_call>", "</tool_call>"


class Hermes(ToolFormat):
    """`<tool_call>{"name": "f", "arguments": {...}}</tool_call>` for each call.

    The last closing tag may be missing. Beside a sound call an object without a name is dropped.
    """

    markers = Markers(OPEN, CLOSE)
    openers = (OPEN,)
    closers = (CLOSE,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """Calls on lines of their own."""
        tags = guides.call_objects(tools, "arguments", at_least_one=at_least_one, before="\n")
        between = f"\n{CLOSE}\n{OPEN}"
        return guides.block(OPEN, tags, between, f"\n{CLOSE}", at_least_one=at_least_one, several=several)

    def steps(self) -> Steps[None]:
        """Reads call after call."""
        while (yield from self.text_until(*self.openers)):
            yield from self.blank()
            text = yield from self.json("{")
            yield from self.blank()
            if not text or not ((yield from self.ahead(OPEN)) or (yield from self.accept_end(CLOSE))):
                self.release()
                continue
            call = read_call(text, bare=True)
            if call is not None:
                self.call(call)
            elif self.message.called and not has_name(text):
                self.forget()
            else:
                self.release()
