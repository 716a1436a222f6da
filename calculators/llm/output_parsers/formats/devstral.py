"""Devstral: calls of Devstral and of Mistral's models since tokenizer v13."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.mistral import ARGS, OPEN, Mistral
from ovpipe.calculators.llm.packets import Tool


class Devstral(Mistral):
    """`[TOOL_CALLS]f[ARGS]{...}` for each call.

    What stands after [ARGS] before the next call or the end is the arguments as it stands, if no object does.
    """

    literal = True

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
