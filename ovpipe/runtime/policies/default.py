"""The default input policy: all inputs wait for each other."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.runtime.policies.sync_set import SyncSet
from ovpipe.timestamp import DONE, ONE_OVER_POST_STREAM


class DefaultInputPolicy(SyncSet, InputPolicy):
    """MediaPipe's default: the smallest timestamp at which every input is settled and one has a packet.

    With `batch_size`, input sets wait until so many are ready, then they are processed one after the other
    in one go; what is left is processed when all inputs have ended. They wait in the queues, so the limit of
    a queue should be no smaller than the batch. Timestamps without a packet are not counted.
    """

    __slots__ = ("batch_size", "left", "live", "plain")

    name = "default"
    sees_bounds = True
    passes_single_input = True

    def __init__(
        self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False, batch_size: int = 1
    ) -> None:
        super().__init__(inputs, process_timestamp_bounds)
        self.batch_size = batch_size
        self.left = 0
        """Input sets of a batch that has begun."""
        self.plain = batch_size == 1 and not process_timestamp_bounds
        self.live = inputs
        """Those of a plain policy that are not over: what was joined once costs the later packets nothing."""

    def take(self, cx: InputSet) -> bool:
        if not self.plain:
            return self.take_ready(cx)
        live = self.live
        if len(live) == 1:
            entry = live[0]
            if not entry.queue:
                return False
            cx.ts, cx[entry.port] = entry.pop()
            return True
        # `ready` and `fill` in one, for this is every hop of a join
        head = bound = DONE
        over = False
        for entry in live:
            queue = entry.queue
            if queue:
                timestamp = queue[0][0]
                if timestamp < head:
                    head = timestamp
            elif entry.source.bound < bound:
                bound = entry.source.bound
            elif entry.source.bound == DONE:
                over = True
        if over:
            self.forget_ended(cx)
        if bound <= head:
            return False
        cx.ts = head
        for entry in self.live:
            queue = entry.queue
            if queue and queue[0][0] == head:
                cx[entry.port] = entry.pop()[1]
            else:
                cx.pop(entry.port, None)
        return True

    def forget_ended(self, cx: InputSet) -> None:
        """Leaves out the inputs that bring nothing more."""
        self.live = [entry for entry in self.live if entry.queue or entry.source.bound < DONE]
        for entry in self.inputs:
            if entry not in self.live:
                cx.pop(entry.port, None)

    def bound(self) -> int:
        if not self.plain:
            return super().bound()
        bound = DONE
        for entry in self.live:
            first = entry.queue[0][0] if entry.queue else entry.source.bound
            if first < bound:
                bound = first
        return bound

    def clear(self, cx: InputSet) -> None:
        for entry in self.live:
            cx.pop(entry.port, None)

    def take_ready(self, cx: InputSet) -> bool:
        """`take` for a node that also sees bounds, or batches."""
        timestamp = self.ready()
        if timestamp is None or (self.batch_size > 1 and not self.within_batch()):
            return False
        cx.ts = timestamp
        self.fill(cx, timestamp)
        return True

    def within_batch(self) -> bool:
        """Whether the next input set belongs to a batch that is complete."""
        if self.left == 0:
            settled = min(entry.source.bound for entry in self.inputs)
            if settled < ONE_OVER_POST_STREAM and self.sets_below(settled) < self.batch_size:
                return False
            self.left = self.batch_size
        self.left -= 1
        return True

    def sets_below(self, bound: int) -> int:
        """How many timestamps below a bound have a packet."""
        if sum(len(entry.queue) for entry in self.inputs) < self.batch_size:
            return 0  # too few in any case: nothing to look through packet by packet
        return len({timestamp for entry in self.inputs for timestamp, _ in entry.queue if timestamp < bound})
