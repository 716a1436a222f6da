"""DeepseekV3: calls of DeepSeek V3, R1 and V3.1."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

# The bar is U+FF5C and the block U+2581, as in the vocabulary.
CALLS, CALLS_END = "<\uff5ctool\u2581calls\u2581begin\uff5c>", "<\uff5ctool\u2581calls\u2581end\uff5c>"
CALL, CALL_END = "<\uff5ctool\u2581call\u2581begin\uff5c>", "<\uff5ctool\u2581call\u2581end\uff5c>"
SEP = "<\uff5ctool\u2581sep\uff5c>"
FENCE = "```"


class DeepseekV3(ToolFormat):
    """A block of calls between two special tokens, each call between two more.

    * V3 and R1: the word function, a separator, the name, and the arguments in a fenced json block
    * V3.1: the name, the separator, and the arguments

    Models mix the two: a fence may stand in either, or in neither.
    """

    markers = Markers(CALLS, CALLS_END, CALL, CALL_END, SEP)
    openers = (CALLS, CALL)
    closers = (CALLS_END,)

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """A block of calls in either form."""
        tags = []
        for tool in tools:
            begin = f"{CALL}function{SEP}{tool.name}\n{FENCE}json\n"
            end = f"\n{FENCE}{CALL_END}"
            tags.append(guides.arguments(begin, tool, end, at_least_one=at_least_one))
            begin = f"{CALL}{tool.name}{SEP}"
            tags.append(guides.arguments(begin, tool, CALL_END, at_least_one=at_least_one))
        return guides.block(CALLS, tags, "\n", CALLS_END, at_least_one=at_least_one, several=several)

    def steps(self) -> Steps[None]:
        """Reads call after call."""
        while opener := (yield from self.text_until(*self.openers)):
            if opener == CALLS:
                yield from self.blank()
                if not (yield from self.accept(CALL)):
                    self.release()
                    continue
            call = yield from self._call()
            if call is not None:
                self.call(call)
            else:
                self.release()

    def _call(self) -> Steps[CalledTool | None]:
        yield from self.blank()
        name = yield from self.word()
        yield from self.blank()
        if not (yield from self.accept(SEP)):
            return None
        yield from self.blank()
        name = (yield from self.word()) or name  # what stood before it was the word function
        yield from self.blank()
        fenced = yield from self.accept(FENCE)
        if fenced:
            yield from self.accept("json")
            yield from self.blank()
        text = yield from self.json("{")
        if not text or not name:
            return None
        yield from self.blank()
        if fenced and (yield from self.accept_end(FENCE)):
            yield from self.blank()
        if not (yield from self.accept_end(CALL_END)):
            return None
        return CalledTool(name, text)
