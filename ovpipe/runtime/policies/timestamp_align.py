"""The timestamp_align input policy: inputs whose timestamps begin at different points."""

from __future__ import annotations

from ovpipe.errors import TimestampError
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.runtime.policies.named_input import named
from ovpipe.timestamp import DONE, FIRST_ORDINARY, LAST_ORDINARY, Timestamp


class TimestampAlignInputPolicy(InputPolicy):
    """The default policy, with all timestamps moved to those of the input `base`.

    Until a packet of `base` meets one of every other input, its packets are processed alone. Those that meet
    are taken to be of the same time, and fix by how much each input is moved from then on. An input that ends
    without a packet is not waited for.
    """

    __slots__ = ("aligned", "base", "inputs", "offsets")

    name = "timestamp_align"

    def __init__(
        self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False, base: str
    ) -> None:
        self.inputs = inputs
        self.base = named(inputs, base)
        self.offsets = [0] * len(inputs)
        self.aligned = False

    def take(self, cx: InputSet) -> bool:
        if not self.aligned:
            if not self.base.queue:
                return False
            self.aligned = self.align(cx)
        timestamp = self.base.queue[0][0] if not self.aligned else self.ready()
        if timestamp is None:
            return False
        self.clear(cx)
        cx.ts = timestamp
        for entry, offset in zip(self.inputs, self.offsets, strict=True):
            waits = entry.queue and (self.aligned or entry is self.base)
            if waits and moved(entry.queue[0][0], offset) == timestamp:
                cx[entry.port] = entry.pop()[1]
        return True

    def align(self, cx: InputSet) -> bool:
        """Fixes the offsets when all inputs can be compared with the packet of `base`; whether they can."""
        if any(not entry.queue and entry.source.bound < DONE for entry in self.inputs):
            return False
        start = self.base.queue[0][0]
        for index, entry in enumerate(self.inputs):
            if entry is self.base or not entry.queue:
                continue
            first = entry.queue[0][0]
            if not (FIRST_ORDINARY <= first <= LAST_ORDINARY and FIRST_ORDINARY <= start <= LAST_ORDINARY):
                cx.ts = start
                raise TimestampError(
                    f"input policy 'timestamp_align' cannot align {entry.port.name!r} at "
                    f"{Timestamp.of_raw(first)} with {self.base.port.name!r} at {Timestamp.of_raw(start)}: "
                    "special timestamps have no distance"
                )
            self.offsets[index] = start - first
        return True

    def ready(self) -> int | None:
        """The smallest moved timestamp at which every input is settled and one has a packet."""
        head = bound = DONE
        for entry, offset in zip(self.inputs, self.offsets, strict=True):
            if entry.queue:
                head = min(head, moved(entry.queue[0][0], offset))
            else:
                bound = min(bound, moved(entry.source.bound, offset))
        return head if head < bound else None

    def bound(self) -> int:
        if not self.aligned:
            return self.base.queue[0][0] if self.base.queue else self.base.source.bound
        return min(
            moved(entry.queue[0][0] if entry.queue else entry.source.bound, offset)
            for entry, offset in zip(self.inputs, self.offsets, strict=True)
        )


def moved(timestamp: int, offset: int) -> int:
    """An ordinary timestamp moved within the ordinary range; a special one stays as it is."""
    if FIRST_ORDINARY <= timestamp <= LAST_ORDINARY:
        return min(max(timestamp + offset, FIRST_ORDINARY), LAST_ORDINARY)
    return timestamp
