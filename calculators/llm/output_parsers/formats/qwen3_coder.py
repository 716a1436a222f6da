"""Qwen3Coder: calls of Qwen3-Coder, Qwen3.5 and later."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import as_object
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.output_parsers.readers.typed_values import typed
from ovpipe.calculators.llm.packets import CalledTool, Tool

OPEN, CLOSE = "<tool_call>", "</tool_call>"
FUNCTION, FUNCTION_END = "<function=", "</function>"
PARAMETER, PARAMETER_END = "<parameter=", "</parameter>"
NAME = re.compile(r"[^<>\n]*")


class Qwen3Coder(ToolFormat):
    """Tags for the call, the function and each parameter; what a value is, the tool's schema decides.

        <tool_call>
        <function=f>
        <parameter=x>
        1
        </parameter>
        </function>
        </tool_call>

    One line break at either end of a value belongs to the tags. The tags of the call, and the end tag of a
    parameter, may be missing.
    """

    markers = Markers(OPEN, CLOSE, FUNCTION, FUNCTION_END, PARAMETER, PARAMETER_END)
    closers = (CLOSE,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """Calls with each tag of a call on a line of its own."""
        tags = [call_tag(tool.name, guides.schema(tool, at_least_one=at_least_one)) for tool in tools]
        between = f"\n{CLOSE}\n{OPEN}"
        return guides.block(OPEN, tags, between, f"\n{CLOSE}", at_least_one=at_least_one, several=several)

    def steps(self) -> Steps[None]:
        """Reads call after call."""
        while opener := (yield from self.text_until(OPEN, FUNCTION)):
            if opener == OPEN:
                yield from self.blank()
                if not (yield from self.accept(FUNCTION)):
                    self.release()
                    continue
            call = yield from self._call()
            if call is not None:
                self.call(call)
            else:
                self.release()

    def _call(self) -> Steps[CalledTool | None]:
        name = (yield from self.matching(NAME)).strip()
        if not name or not (yield from self.accept(">")):
            return None
        values: dict[str, str] = {}
        yield from self.blank()
        tag = yield from self.accept(PARAMETER, FUNCTION_END)
        while tag == PARAMETER:
            key = (yield from self.matching(NAME)).strip()
            if not key or not (yield from self.accept(">")):
                return None
            values[key], tag = yield from self.until(PARAMETER_END, PARAMETER, FUNCTION_END)
            if tag == PARAMETER_END:
                yield from self.blank()
                tag = yield from self.accept(PARAMETER, FUNCTION_END)
        if tag != FUNCTION_END:
            return None
        schemas = self._schemas(name)
        found = {key: typed(unpadded(value), schemas.get(key)) for key, value in values.items()}
        return CalledTool(name, as_object(found))

    def _schemas(self, name: str) -> dict[str, object]:
        for tool in self.tools:
            if tool.name == name and tool.parameters is not None:
                properties = tool.parameters.get("properties")
                return dict(properties) if isinstance(properties, dict) else {}
        return {}


def unpadded(value: str) -> str:
    """A value without the line breaks that belong to its tags."""
    return value.removeprefix("\n").removesuffix("\n")


def call_tag(name: str, schema: guides.Guide) -> guides.Guide:
    """A function's call. xgrammar's form of parameters needs at least one that there may be."""
    begin, end = f"\n{FUNCTION}{name}>", f"{FUNCTION_END}"
    others = schema.get("additionalProperties", True)
    if not schema.get("properties") and others is False:
        return guides.tag(begin, {"type": "regex", "pattern": r"\n"}, end)
    if not schema.get("properties"):
        schema = {**schema, "type": "object", "additionalProperties": others}
    parameters = {"type": "qwen_xml_parameter", "json_schema": {"type": "object", **schema}}
    return guides.tag(f"{begin}\n", parameters, f"\n{end}")
