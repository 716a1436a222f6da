"""SyncSet: inputs that wait for each other."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.timestamp import DONE, FIRST_ORDINARY, LAST_ORDINARY, UNSTARTED


class SyncSet:
    """Inputs brought together by timestamp, ascending, nothing dropped.

    Ready is the smallest timestamp at which every input is settled and one has a packet. A stream is settled
    at T when its bound is above T. With `process_timestamp_bounds`, when there is no such timestamp, the
    last ordinary one that all inputs have settled is ready, unless it was processed.
    """

    __slots__ = ("inputs", "last", "process_timestamp_bounds")

    def __init__(self, inputs: list[InputQueue], process_timestamp_bounds: bool) -> None:
        self.inputs = inputs
        self.process_timestamp_bounds = process_timestamp_bounds
        self.last = UNSTARTED

    def ready(self) -> int | None:
        """The timestamp that can be processed now."""
        head = bound = DONE
        for entry in self.inputs:
            if entry.queue:
                head = min(head, entry.queue[0][0])
            else:
                bound = min(bound, entry.source.bound)
        if head < bound:
            return head
        settled = bound - 1
        if self.process_timestamp_bounds and max(self.last + 1, FIRST_ORDINARY) <= settled <= LAST_ORDINARY:
            return settled
        return None

    def bound(self) -> int:
        """The smallest timestamp that could still be processed: of all heads and empty inputs' bounds."""
        if self.process_timestamp_bounds:
            ready = self.ready()
            if ready is not None:
                return ready
        bound = DONE
        for entry in self.inputs:
            first = entry.queue[0][0] if entry.queue else entry.source.bound
            if first < bound:
                bound = first
        return bound

    def fill(self, cx: InputSet, timestamp: int) -> None:
        """Moves the packets of a ready timestamp into the context."""
        self.last = timestamp
        for entry in self.inputs:
            queue = entry.queue
            if queue and queue[0][0] == timestamp:
                cx[entry.port] = entry.pop()[1]
            else:
                cx.pop(entry.port, None)
