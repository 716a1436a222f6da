"""Llama3Json: calls of Llama 3.1 and 3.2."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_call
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import Tool

TAG = "<|python_tag|>"
FIRST_KEYS = ('"name"', '"parameters"', '"arguments"', '"type"')


class Llama3Json(ToolFormat):
    """`{"name": "f", "parameters": {...}}` at the start of the output or after `<|python_tag|>`.

    More calls follow after a semicolon or white space. Other text after a call is dropped. An answer that
    is JSON but whose first key is none of a call's is let through at once.
    """

    markers = Markers(TAG)
    openers = (TAG,)
    drops_after_calls = True

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide | None:
        """Calls with semicolons between; None for the choice between a call and text, which begin alike."""
        if not at_least_one:
            return None
        return guides.structural_tag(
            guides.run(guides.call_objects(tools, "parameters", at_least_one=True), "; ", several=several)
        )

    def steps(self) -> Steps[None]:
        """Reads calls at the start, then those after each tag."""
        yield from self._calls()
        while (yield from self.text_until(*self.openers)):
            yield from self._calls()

    def _calls(self) -> Steps[None]:
        while True:
            yield from self.blank()
            begun = yield from self.accept("{")
            if begun:
                begun += yield from self.blank()
                key = yield from self.accept(*FIRST_KEYS)
                text = (yield from self.json("{", begun + key)) if key else ""
                call = read_call(text) if text else None
                if call is not None:
                    self.call(call)
                    yield from self.blank()
                    yield from self.accept(";")
                    continue
            self.release()
            return
