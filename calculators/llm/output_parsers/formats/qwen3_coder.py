"""Qwen3Coder: calls of Qwen3-Coder, Qwen3.5 and later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

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
        opener = yield from self.text_until(*self.openers)
        while opener:
            if opener == OPEN:
                yield from self.blank()
                if not (yield from self.accept(FUNCTION)):
                    self.release()
                    opener = yield from self.text_until(*self.openers)
                    continue
            opener = yield from self._call()
            if not opener:
                self.release()
                opener = yield from self.text_until(*self.openers)

    def _call(self) -> Steps[str]:
        """Reads a call; the tag of the next one, where that had to be read to be sure of this one's end."""
        name, _ = yield from self._name()
        yield from self.blank()
        tag = (yield from self.accept(PARAMETER, FUNCTION_END)) if name else ""
        values: dict[str, str] = {}
        schema = arguments_of(self.tools, name)
        end = (yield from self._end()) if tag == FUNCTION_END else None
        key = (yield from self._name())[0] if tag == PARAMETER else ""
        while key and key not in values:
            value, following, end = yield from self._value(schema.names, {*values, key})
            values[key] = typed(unpadded(value), schema.member(key))
            key = following
        if end is None or not end.ended:
            return ""
        after = self.raw[end.pieces :]
        self.call(CalledTool(name, as_object(values)))
        self.raw += after[:-1] if end.tag else after
        self.release()
        self.raw += after[-1:] if end.tag else []
        return end.tag

    def _name(self) -> Steps[tuple[str, str]]:
        """The name in a tag, "" if the tag does not close, and all that was read."""
        read = yield from self.blank()
        read += yield from self.matching(NAME)
        read += yield from self.blank()
        name = read.strip(AROUND_NAMES)
        closed = yield from self.accept(">")
        return (name if closed else ""), read + closed

    def _value(self, known: set[str], given: set[str]) -> Steps[tuple[str, str, End | None]]:
        """A value, and the next parameter's name or the end of the call; neither if the text ends first.

        `known` are the parameters of the schema, `given` those that have come. `inner` counts the functions
        that the value itself has opened: then it takes more to end the value.
        """
        parts: list[str] = []
        inner, tag, row = 0, "", ""
        while True:
            if not tag:
                text, tag = yield from self.until(*self.markers.all)
                parts.append(text)
                row = tags_in_a_row(row, text, tag, inner)
            if not tag or row in NEXT_CALL_BEGUN:
                return "", "", None
            ends, following = tag == PARAMETER_END, ""
            if ends:
                tag += yield from self.blank()
                tag += yield from self.accept(PARAMETER, FUNCTION_END)
            if tag.endswith(PARAMETER):
                name, read = yield from self._name()
                if name in known - given:
                    ends = ends or (not inner and parts[-1].endswith("\n"))
                else:
                    ends = ends and not (inner and known)
                if name and ends:
                    return "".join(parts), name, None
                tag += read
            elif ends and tag.endswith(FUNCTION_END):
                end = yield from self._end(doubtful=inner > 0)
                if end.ended:
                    return "".join(parts), "", end
                tag, following = tag + end.read, end.tag
            inner = max(0, inner + tag.count(FUNCTION) - tag.count(FUNCTION_END))
            parts.append(tag)
            tag = following

    def _end(self, *, doubtful: bool = False) -> Steps[End]:
        """Whether `</function>` ended the call.

        It is `doubtful` where the value has opened functions: then the next tag must not be one of a value.
        """
        read = yield from self.blank()
        closed = yield from self.accept_end(CLOSE)
        pieces = len(self.raw)
        if not closed:
            return End(not doubtful and bool((yield from self.ahead(OPEN, FUNCTION))), pieces, read)
        if not doubtful:
            return End(True, pieces)
        text, tag = yield from self.until(*self.markers.all)
        return End(tag in ("", OPEN, FUNCTION), pieces, read + CLOSE + text, tag)


def tags_in_a_row(row: str, text: str, tag: str, inner: int) -> str:
    """The tags from the end of a function that the value did not open to `tag`, without text between."""
    if tag == FUNCTION_END and not inner and row != ENDED:
        return tag
    between = text[text.find(">") + 1 :] if row == ENDED else text
    return row + tag if row and not between.strip() else ""


class End(NamedTuple):
    """What followed `</function>`: whether that `ended` the call, with how many `pieces` of what was read.

    `read` is the text after it up to `tag`, the next one, if that was looked for.
    """

    ended: bool
    pieces: int
    read: str = ""
    tag: str = ""


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
