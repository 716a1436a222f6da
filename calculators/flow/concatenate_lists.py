"""ConcatenateListsCalculator: the lists of several streams, end to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Output, RepeatedInput
from ovpipe.registry import register


@register
class ConcatenateListsCalculator(Calculator):
    """Concatenates the lists that several streams have at one timestamp.

    Inputs `lists`, output `items`: in the order in which the graph names the streams. A stream without a
    packet adds nothing; with `only_emit_if_all_present` nothing is sent then.

        concatenate_lists:
          calculator: ConcatenateListsCalculator
          inputs: {lists: [web_results, own_results]}
          outputs: {items: results}
    """

    lists = RepeatedInput[Sequence[Any]]()
    items = Output[list[Any]]()

    def __init__(self, *, only_emit_if_all_present: bool = False) -> None:
        self._needs_all = only_emit_if_all_present

    def process(self, cx: Context) -> None:
        """Sends one list of all items."""
        streams = cx.each(self.lists)
        present = [cx[stream] for stream in streams if stream in cx]
        if present and not (self._needs_all and len(present) < len(streams)):
            cx.send(self.items, [item for items in present for item in items])
