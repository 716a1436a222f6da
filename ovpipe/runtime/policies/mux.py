"""The mux input policy: one input selects which other is processed."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.runtime.policies.named_input import named


class MuxInputPolicy(InputPolicy):
    """A packet of the input `select` at T is a number i: T waits for the i-th other input alone.

    The others count from 0 in the order of the node's inputs. An input set has the selecting packet, and
    the selected input's packet at T if there is one; the packets of inputs not selected are dropped up to T.
    The node closes when the selecting input has ended.
    """

    __slots__ = ("inputs", "others", "select")

    name = "mux"

    def __init__(
        self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False, select: str
    ) -> None:
        self.inputs = inputs
        self.select = named(inputs, select)
        self.others = [entry for entry in inputs if entry is not self.select]

    def take(self, cx: InputSet) -> bool:
        timestamp = self.bound()
        self.drop_before(timestamp)
        if not self.select.queue:
            return False
        choice = self.select.queue[0][1]
        if not isinstance(choice, int) or not 0 <= choice < len(self.others):
            cx.ts = timestamp
            raise ValueError(self.misfit(choice))
        chosen = self.others[choice]
        if chosen.source.bound <= timestamp:  # so nothing waits in it either: what is older was dropped
            return False
        self.clear(cx)
        cx.ts = timestamp
        cx[self.select.port] = self.select.pop()[1]
        if chosen.queue and chosen.queue[0][0] == timestamp:
            cx[chosen.port] = chosen.pop()[1]
        self.drop_before(timestamp + 1)
        return True

    def bound(self) -> int:
        queue = self.select.queue
        return queue[0][0] if queue else self.select.source.bound

    def drop_before(self, timestamp: int) -> None:
        """Drops what no later selection can ask for."""
        for entry in self.others:
            while entry.queue and entry.queue[0][0] < timestamp:
                entry.queue.popleft()

    def misfit(self, choice: object) -> str:
        """What is wrong with a selecting packet."""
        others = ", ".join(f"{index}: {entry.port.name}" for index, entry in enumerate(self.others))
        return (
            f"input policy 'mux': the packet of {self.select.port.name!r} is {choice!r}, "
            f"which selects no input; there are {others or 'none'}"
        )
