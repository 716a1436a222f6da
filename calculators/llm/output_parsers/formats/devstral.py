"""Devstral: calls of Devstral and of Mistral's models since tokenizer v13."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

OPEN, ARGS = "[TOOL_CALLS]", "[ARGS]"


class Devstral(ToolFormat):
    """`[TOOL_CALLS]f[ARGS]{...}` for each call. The markers are never text.

    The arguments are what stands before the next call or the end, valid or not, as it stands.
    """

    markers = Markers(OPEN, ARGS)
    keeps_markers = False

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """Call after call."""
        calls = [
            guides.arguments(f"{OPEN}{tool.name}{ARGS}", tool, "", at_least_one=at_least_one)
            for tool in tools
        ]
        if at_least_one:
            return guides.structural_tag(guides.run(calls, "", several=several))
        return guides.structural_tag(guides.triggered([OPEN], calls, several=several))

    def steps(self) -> Steps[None]:
        """Reads call after call."""
        opener = yield from self.text_until(OPEN)
        while opener:
            self.forget()
            name = yield from self.word()
            if not name or not (yield from self.accept(ARGS)):
                self.release()
                opener = yield from self.text_until(OPEN)
                continue
            arguments, opener = yield from self.until(OPEN)
            self.call(CalledTool(name, arguments if arguments.strip() else "{}"))
