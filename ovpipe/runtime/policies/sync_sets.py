"""The sync_sets input policy: inputs in groups, each of which goes its own way."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.runtime.policies.named_input import named
from ovpipe.runtime.policies.sync_set import SyncSet
from ovpipe.timestamp import DONE


class SyncSetsInputPolicy(InputPolicy):
    """Inputs of one group wait for each other, groups do not; the inputs named in no group form one more.

    An input set has the packets of one group, that with the smallest ready timestamp, and of groups ready at
    the same one the first. Ascending in each group, not over all of them.
    """

    __slots__ = ("inputs", "sets")

    name = "sync_sets"
    ascending = False
    sees_bounds = True

    def __init__(
        self,
        inputs: list[InputQueue],
        *,
        process_timestamp_bounds: bool = False,
        sets: Sequence[Sequence[str]] = (),
    ) -> None:
        self.inputs = inputs
        groups = [[named(inputs, name) for name in names] for names in sets]
        grouped = {entry.port for group in groups for entry in group}
        groups.append([entry for entry in inputs if entry.port not in grouped])
        self.sets = [SyncSet(group, process_timestamp_bounds) for group in groups if group]

    def take(self, cx: InputSet) -> bool:
        first = DONE
        chosen = None
        for group in self.sets:
            ready = group.ready()
            if ready is not None and ready < first:
                first, chosen = ready, group
        if chosen is None:
            return False
        self.clear(cx)
        cx.ts = first
        chosen.fill(cx, first)
        return True

    def bound(self) -> int:
        return min((group.bound() for group in self.sets), default=DONE)
