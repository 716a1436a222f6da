"""Mistral: calls of Mistral's models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_call, read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

OPEN, CALL_ID, ARGS = "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"
LISTS = tuple(f"[{character}" for character in "{ \t\r\n")


class Mistral(ToolFormat):
    """Two generations of one marker, which is never text.

    * to tokenizer v7: `[TOOL_CALLS][{"name": "f", "arguments": {...}}, ...]`, one list or several,
      sometimes an object alone
    * from v11 on: `[TOOL_CALLS]f{...}` for each call, with [ARGS] before the object from v13 on, and before
      that sometimes [CALL_ID] and an id
    """

    literal: ClassVar[bool] = False
    """Whether what stands after [ARGS] and is no object is the arguments as well, as it stands."""
    markers = Markers(OPEN, CALL_ID, ARGS)
    openers = (OPEN,)
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
        """Reads lists, or call after call."""
        opener = yield from self.text_until(*self.openers)
        while opener:
            yield from self.blank()
            self.forget()
            if (yield from self.ahead(*LISTS)):
                yield from self._lists()
                opener = ""
            elif (text := (yield from self.whole_object())) and (call := read_call(text)):
                self.call(call)
                opener = ""
            else:
                opener = yield from self._named_call()
            opener = opener or (yield from self.text_until(*self.openers))

    def _lists(self) -> Steps[None]:
        while (yield from self.ahead(*LISTS)):
            text = yield from self.json("[")
            calls = read_calls(text) if text else []
            if not calls:
                break
            self.call(*calls)
            yield from self.blank()
        self.release()

    def _named_call(self) -> Steps[str]:
        """Reads a call; the next marker, if it had to be read."""
        name = yield from self.word()
        yield from self.blank()
        if (yield from self.accept(CALL_ID)):
            yield from self.blank()
            yield from self.word()
            yield from self.blank()
        marked = yield from self.accept(ARGS)
        space = yield from self.blank()
        text, opener = (yield from self.whole_object()) if name else "", ""
        if name and marked and not text and self.literal:
            text, opener = yield from self.until(OPEN)
            text = space + text if text.strip() else "{}"
        if text:
            self.call(CalledTool(name, text))
        else:
            self.release()
        return opener
