"""Phi4: calls of Phi-4-mini."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import Tool

OPEN = "functools["


class Phi4(ToolFormat):
    """`functools[{"name": "f", "arguments": {...}}, ...]`, once, at the end.

    Objects that are no calls are dropped beside a sound one. So is text after the list; a second list makes
    both void. That is known at the end only, so the calls are held until then.
    """

    markers = Markers(OPEN)
    openers = (OPEN,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """One list."""
        objects = guides.call_objects(tools, "arguments", at_least_one=at_least_one)
        return guides.block(OPEN, objects, ", ", "]", at_least_one=at_least_one, several=several)

    def steps(self) -> Steps[None]:
        """Reads up to the first list that has a call, and what follows it."""
        while (yield from self.text_until(*self.openers)):
            text = yield from self.json("[", begun="[")
            calls = read_calls(text, leaves_out=True) if text else []
            if not calls:
                self.release()
                continue
            self.forget()
            _, again = yield from self.until(OPEN)
            while again:
                calls = []
                self.forget()
                _, again = yield from self.until(OPEN)
            self.forget()
            if calls:
                self.call(*calls)
