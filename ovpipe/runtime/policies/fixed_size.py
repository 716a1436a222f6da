"""The fixed_size input policy: the newest packets, the older ones dropped."""

from __future__ import annotations

from collections import deque

from ovpipe.runtime.core.consumer import Item
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.default import DefaultInputPolicy
from ovpipe.timestamp import PRE_STREAM, next_allowed


class FixedSizeInputPolicy(DefaultInputPolicy):
    """The default policy over queues that drop their oldest packets, so that a slow node sees the newest.

    An input where `trigger_queue_size` packets wait drops all but the newest `target_queue_size`. What is as
    old as what was dropped is dropped from the other inputs too, also when it arrives later. These queues
    are never full, so they hold no producer up.
    """

    __slots__ = ("kept", "target", "trigger")

    name = "fixed_size"
    passes_single_input = False

    def __init__(
        self,
        inputs: list[InputQueue],
        *,
        process_timestamp_bounds: bool = False,
        trigger_queue_size: int = 2,
        target_queue_size: int = 1,
    ) -> None:
        super().__init__(inputs, process_timestamp_bounds=process_timestamp_bounds)
        self.trigger = trigger_queue_size
        self.target = target_queue_size
        self.kept = PRE_STREAM
        """Packets before this timestamp are dropped."""
        for entry in inputs:
            entry.replace(DroppingQueue(self), bounded=False)

    def drop_from(self, queue: DroppingQueue) -> None:
        """Shortens a queue that has become too long, and the others to the same age."""
        while len(queue) > self.target:
            self.kept = next_allowed(queue.popleft()[0])
        for entry in self.inputs:
            while entry.queue and entry.queue[0][0] < self.kept:
                entry.queue.popleft()


class DroppingQueue(deque[Item]):
    """A queue that asks its policy about every packet."""

    __slots__ = ("policy",)

    def __init__(self, policy: FixedSizeInputPolicy) -> None:
        super().__init__()
        self.policy = policy

    def append(self, item: Item) -> None:
        """Takes a packet from the stream."""
        policy = self.policy
        if item[0] >= policy.kept:
            super().append(item)
            if len(self) >= policy.trigger:
                policy.drop_from(self)
