"""Mistral: calls of Mistral's models."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

OPEN, CALL_ID, ARGS = "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"


class Mistral(ToolFormat):
    """Two generations of one marker, which is never text.

    * to tokenizer v7: `[TOOL_CALLS][{"name": "f", "arguments": {...}}, ...]` at the end of the output; a list
      that anything follows is text, and so is all after it
    * from v11 on: `[TOOL_CALLS]f{...}` for each call, with [ARGS] before the object from v13 on
    """

    markers = Markers(OPEN, CALL_ID, ARGS)
    keeps_markers = False

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """The newer form with and without [ARGS], and the older one."""
        objects = guides.call_objects(tools, "arguments", at_least_one=at_least_one)
        calls = [
            guides.arguments(f"{OPEN}{tool.name}{between}", tool, "", at_least_one=at_least_one)
            for tool in tools
            for between in ("", ARGS)
        ]
        older = guides.tag(f"{OPEN}[", guides.run(objects, ", ", several=several), "]")
        if not at_least_one:
            return guides.structural_tag(guides.triggered([OPEN], [*calls, older], several=several))
        return guides.structural_tag(guides.either([guides.run(calls, "", several=several), older]))

    def steps(self) -> Steps[None]:
        """Reads a list, or call after call."""
        while (yield from self.text_until(OPEN)):
            yield from self.blank()
            self.forget()
            if not (yield from self.ahead("[")):
                yield from self._named_call()
                continue
            text = yield from self.json("[")
            yield from self.blank()
            calls = read_calls(text) if text and self.ended else []
            if not calls:
                return
            self.call(*calls)

    def _named_call(self) -> Steps[None]:
        name = yield from self.word()
        if (yield from self.accept(CALL_ID)):
            yield from self.word()
        yield from self.accept(ARGS)
        yield from self.blank()
        text = (yield from self.json("{")) if name else ""
        if text:
            self.call(CalledTool(name, text))
        else:
            self.release()
