"""The barrier input policy: one packet from each input, whatever their timestamps."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.early_close import any_ended
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.timestamp import DONE


class BarrierInputPolicy(InputPolicy):
    """An input set is the oldest packet of every input. Its timestamp is the smallest of theirs.

    The smallest ascends because it does in every input. The node closes when one input has ended and nothing
    waits in it; what waits in the others is dropped.
    """

    __slots__ = ("inputs",)

    name = "barrier"

    def __init__(self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False) -> None:
        self.inputs = inputs

    def take(self, cx: InputSet) -> bool:
        if not all(entry.queue for entry in self.inputs):
            return False
        cx.ts = min(entry.queue[0][0] for entry in self.inputs)
        for entry in self.inputs:
            cx[entry.port] = entry.pop()[1]
        return True

    def bound(self) -> int:
        if any_ended(self.inputs):
            return DONE
        return min(entry.queue[0][0] if entry.queue else entry.source.bound for entry in self.inputs)
