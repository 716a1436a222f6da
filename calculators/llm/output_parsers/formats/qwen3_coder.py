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
from ovpipe.calculators.llm.output_parsers.readers.value_schema import arguments_of
from ovpipe.calculators.llm.packets import CalledTool, Tool

OPEN, CLOSE = "<tool_call>", "</tool_call>"
FUNCTION, FUNCTION_END = "<function=", "</function>"
PARAMETER, PARAMETER_END = "<parameter=", "</parameter>"
NAME = re.compile(r"[^<>\n]*")
# A value that goes on into another call, which has parameters: it has lost its end tag.
ENDED = FUNCTION_END + CLOSE + OPEN + FUNCTION
NEXT_CALL_BEGUN = (ENDED + PARAMETER, ENDED + FUNCTION_END)
BREAKS = re.compile(r"\A\r?\n|\r?\n\Z")
AROUND_NAMES = " \t\r\n\"'"


class Qwen3Coder(ToolFormat):
    """Tags for the call, the function and each parameter; what a value is, the tool's schema decides.

        <tool_call>
        <function=f>
        <parameter=x>
        1
        </parameter>
        </function>
        </tool_call>

    A value may hold any of the tags. It ends where `</parameter>` stands before `<parameter=` or
    `</function>`, and the function where `</function>` stands before `</tool_call>`, the next call or the end
    of the text. One line break at either end of a value belongs to the tags. The tags of the call may be
    missing, and so may `</parameter>` before a line that opens another parameter of the tool's schema.
    """

    markers = Markers(OPEN, CLOSE, FUNCTION, FUNCTION_END, PARAMETER, PARAMETER_END)
    openers = (OPEN, FUNCTION)
    closers = (CLOSE,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """Calls with each tag of a call on a line of its own."""
        tags = [call_tag(tool.name, guides.schema(tool, at_least_one=at_least_one)) for tool in tools]
        between = f"\n{CLOSE}\n{OPEN}"
        return guides.block(OPEN, tags, between, f"\n{CLOSE}", at_least_one=at_least_one, several=several)

    def steps(self) -> Steps[None]:
        """Reads call after call."""
        while opener := (yield from self.text_until(*self.openers)):
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
        name, _ = yield from self._name()
        yield from self.blank()
        tag = (yield from self.accept(PARAMETER, FUNCTION_END)) if name else ""
        if tag == FUNCTION_END:
            return CalledTool(name, "{}") if (yield from self._ends())[0] else None
        values: dict[str, str] = {}
        schema = arguments_of(self.tools, name)
        key = (yield from self._name())[0] if tag else ""
        while key:
            value, following = yield from self._value(schema.names - {*values, key})
            if value is None or key in values:
                return None
            values[key] = typed(unpadded(value), schema.member(key))
            key = following
        return CalledTool(name, as_object(values)) if values else None

    def _name(self) -> Steps[tuple[str, str]]:
        """The name in a tag, "" if the tag does not close, and all that was read."""
        read = yield from self.blank()
        read += yield from self.matching(NAME)
        read += yield from self.blank()
        name = read.strip(AROUND_NAMES)
        closed = yield from self.accept(">")
        return (name if closed else ""), read + closed

    def _value(self, others: set[str]) -> Steps[tuple[str | None, str]]:
        """A value, None if the text ends first, and the next parameter's name, "" if the call has ended.

        `others` are the parameters of the schema that may still come. `inner` counts the calls that the value
        itself has opened: until they are closed no tag is the value's own.
        """
        parts: list[str] = []
        inner, row = 0, ""
        while True:
            text, tag = yield from self.until(*self.markers.all)
            parts.append(text)
            row = tags_in_a_row(row, text, tag, inner)
            if not tag or row in NEXT_CALL_BEGUN:
                return None, ""
            ends = tag == PARAMETER_END
            if ends:
                tag += yield from self.blank()
                tag += yield from self.accept(PARAMETER, FUNCTION_END)
            if tag.endswith(PARAMETER):
                name, read = yield from self._name()
                lost_end = name in others and text.endswith("\n") and text.strip() and not ends
                if name and not inner and (ends or (lost_end and (yield from self.ahead("\n")))):
                    return "".join(parts), name
                tag += read
            elif tag == FUNCTION:
                name, read = yield from self._name()
                tag += read + (yield from self.blank())
                inner += bool(name and (yield from self.ahead(PARAMETER, FUNCTION_END)))
            elif tag.endswith(FUNCTION_END):
                if ends and not inner:
                    ended, read = yield from self._ends()
                    if ended:
                        return "".join(parts), ""
                    tag += read
                inner = max(0, inner - 1)
            parts.append(tag)

    def _ends(self) -> Steps[tuple[bool, str]]:
        """Whether `</function>` ended the call; the white space after it if it did not."""
        space = yield from self.blank()
        if (yield from self.accept_end(CLOSE)):
            return True, ""
        return (yield from self._call_follows()), space

    def _call_follows(self) -> Steps[bool]:
        """Whether the next call begins here. Nothing is read."""
        read = len(self.raw)
        yield from self.accept(OPEN)
        yield from self.blank()
        name = (yield from self._name())[0] if (yield from self.accept(FUNCTION)) else ""
        yield from self.blank()
        tag = yield from self.ahead(PARAMETER, FUNCTION_END)
        self.unread(read)
        return bool(name and tag)


def tags_in_a_row(row: str, text: str, tag: str, inner: int) -> str:
    """The tags from the end of a function that the value did not open to `tag`, without text between."""
    if tag == FUNCTION_END and not inner and row != ENDED:
        return tag
    return row + tag if row and not text.strip() else ""


def unpadded(value: str) -> str:
    """A value without the line breaks that belong to its tags."""
    return BREAKS.sub("", value)


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
