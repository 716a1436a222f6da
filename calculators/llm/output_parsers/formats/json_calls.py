"""JsonCalls: calls as a plain JSON list, for models whose own form cannot be guided."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import read_calls
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import Tool


class JsonCalls(ToolFormat):
    """`[{"name": "f", "parameters": {...}}, ...]` and nothing else; models are made to write it."""

    markers = Markers()

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide | None:
        """The list, by its schema; None without `at_least_one`: there is no room for other text."""
        if not at_least_one:
            return None
        return guides.structural_tag(
            {"type": "json_schema", "json_schema": calls_schema(tools, several=several)}
        )

    def steps(self) -> Steps[None]:
        """Reads the list."""
        yield from self.blank()
        text = yield from self.json("[")
        yield from self.blank()
        calls = read_calls(text) if text and self.ended else []
        if calls:
            self.call(*calls)


def calls_schema(tools: Sequence[Tool], *, several: bool) -> guides.Guide:
    """The JSON schema of a list of calls."""
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": tool.name},
                "parameters": guides.schema(tool, at_least_one=True),
            },
            "required": ["name", "parameters"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    items = calls[0] if len(calls) == 1 else {"anyOf": calls}
    limit = {} if several else {"maxItems": 1}
    return {"type": "array", "items": items, "minItems": 1, **limit}
