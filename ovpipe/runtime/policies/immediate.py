"""The immediate input policy: no input waits for another."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.runtime.policies.sync_set import SyncSet
from ovpipe.timestamp import DONE, LAST_ORDINARY, ONE_OVER_POST_STREAM


class ImmediateInputPolicy(InputPolicy):
    """Packets are processed as they arrive, those that wait in the order of their timestamps.

    Heads of one timestamp make one input set. Ascending in each input, not over all of them. With
    `process_timestamp_bounds` an input that has ended is processed once more, at Timestamp.MAX.
    """

    __slots__ = ("inputs", "sets")

    name = "immediate"
    ascending = False
    sees_bounds = True

    def __init__(self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False) -> None:
        self.inputs = inputs
        self.sets = [LoneInput([entry], process_timestamp_bounds) for entry in inputs]

    def take(self, cx: InputSet) -> bool:
        ready = [lone.ready() for lone in self.sets]
        first = min((timestamp for timestamp in ready if timestamp is not None), default=None)
        if first is None:
            return False
        self.clear(cx)
        cx.ts = first
        for lone, timestamp in zip(self.sets, ready, strict=True):
            if timestamp == first:
                lone.fill(cx, first)
        return True

    def bound(self) -> int:
        return min((lone.bound() for lone in self.sets), default=DONE)


class LoneInput(SyncSet):
    """A sync set of one input, whose end is seen too where bounds are."""

    __slots__ = ()

    def ready(self) -> int | None:
        """The timestamp that can be processed now."""
        ready = super().ready()
        if ready is None and self.process_timestamp_bounds and self.last < LAST_ORDINARY:
            return LAST_ORDINARY if self.inputs[0].source.bound >= ONE_OVER_POST_STREAM else None
        return ready
