"""SplitListCalculator: parts of a list, each on a stream of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import PortError
from ovpipe.ports import Input, RepeatedOutput
from ovpipe.registry import register


@register
class SplitListCalculator(Calculator):
    """Splits each list into parts.

    Input `items`, outputs `parts`: one for each of the option `ranges`. A range is [begin, end), counted from
    0; an end of null is the list's own. With `element_only` each range is of one item, and that item is
    sent instead of a list of one. A list that is too short for a range is a mistake.

        split_list:
          calculator: SplitListCalculator
          inputs: {items: results}
          outputs: {parts: [best, others]}
          options: {ranges: [[0, 1], [1, null]]}
    """

    items = Input[Sequence[Any]]()
    parts = RepeatedOutput[Any]()

    def __init__(self, *, ranges: list[tuple[int, int | None]], element_only: bool = False) -> None:
        if not ranges:
            raise ValueError("ranges is empty; give a range for each output, as in [[0, 1], [1, null]]")
        for begin, end in ranges:
            if begin < 0 or (end is not None and end <= begin):
                raise ValueError(f"[{begin}, {end}] is no range; write [begin, end] with 0 <= begin < end")
            if element_only and end != begin + 1:
                raise ValueError(
                    f"[{begin}, {end}] is not of one item, as element_only asks; write [{begin}, {begin + 1}]"
                )
        self._ranges = ranges
        self._element_only = element_only

    def open(self, cx: Context) -> None:
        """Compares the ranges with the outputs."""
        parts = cx.each(self.parts)
        if len(parts) != len(self._ranges):
            raise PortError(
                f"{cx.node_name} has {len(self._ranges)} ranges and writes {len(parts)} parts; "
                "give one range for each stream under parts"
            )

    def process(self, cx: Context) -> None:
        """Sends the parts of one list."""
        items = cx[self.items]
        for (begin, end), part in zip(self._ranges, cx.each(self.parts), strict=True):
            if len(items) < (begin if end is None else end):
                raise ValueError(
                    f"the list at {cx.timestamp} has {len(items)} items, too few for range [{begin}, {end}]"
                )
            cx.send(part, items[begin] if self._element_only else list(items[begin:end]))
