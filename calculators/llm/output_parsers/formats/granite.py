"""Granite: calls of IBM's Granite 3 and 4 and of its older function-calling model."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_call, read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

LIST, LIST_OR_OBJECT, CLOSE, OBJECT = "<|tool_call|>", "<tool_call>", "</tool_call>", "<function_call>"


class Granite(ToolFormat):
    """Three forms, told apart by their marker.

    * 3.0: `<|tool_call|>[{"name": "f", "arguments": {...}}, ...]`; 3.1 the same after `<tool_call>`
    * 4: `<tool_call>{"name": "f", "arguments": {...}}</tool_call>` for each call
    * 20B function calling: `<function_call> {...}` for each call
    """

    markers = Markers(LIST, LIST_OR_OBJECT, CLOSE, OBJECT)
    openers = (LIST, LIST_OR_OBJECT, OBJECT)
    closers = (CLOSE,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """Any of the forms: which is the model's own, its training knows."""
        objects = guides.call_objects(tools, "arguments", at_least_one=at_least_one)
        calls = guides.run(objects, ", ", several=several)
        blocks = [
            guides.tag(f"{LIST}[", calls, "]"),
            guides.tag(f"{LIST_OR_OBJECT}[", calls, "]"),
            guides.tag(
                f"{LIST_OR_OBJECT}\n",
                guides.run(objects, f"\n{CLOSE}\n{LIST_OR_OBJECT}\n", several=several),
                f"\n{CLOSE}",
            ),
        ]
        if at_least_one:
            return guides.structural_tag(guides.either(blocks))
        return guides.structural_tag(guides.triggered([LIST, LIST_OR_OBJECT], blocks, several=False))

    def steps(self) -> Steps[None]:
        """Reads list after list, or object after object."""
        while opener := (yield from self.text_until(*self.openers)):
            yield from self.blank()
            calls: list[CalledTool] = []
            if opener != OBJECT and (text := (yield from self.json("["))):
                calls = read_calls(text)
            elif opener != LIST and (text := (yield from self.json("{"))):
                call = read_call(text)
                calls = [call] if call else []
            if calls:
                self.call(*calls)
            else:
                self.release()
