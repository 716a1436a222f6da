"""The early_close input policy: the default one, until the first input ends."""

from __future__ import annotations

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.default import DefaultInputPolicy
from ovpipe.runtime.policies.input_set import InputSet
from ovpipe.timestamp import DONE


class EarlyCloseInputPolicy(DefaultInputPolicy):
    """The default policy, but the node closes as soon as one input has ended and nothing waits in it.

    What waits in other inputs then is dropped. This ends a cycle: its back edge never ends by itself.
    """

    __slots__ = ()

    name = "early_close"
    passes_single_input = False

    def __init__(self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False) -> None:
        super().__init__(inputs, process_timestamp_bounds=process_timestamp_bounds)

    def take(self, cx: InputSet) -> bool:
        return not any_ended(self.inputs) and super().take(cx)

    def bound(self) -> int:
        return DONE if any_ended(self.inputs) else super().bound()


def any_ended(inputs: list[InputQueue]) -> bool:
    """Whether nothing waits in an input and nothing more comes."""
    return any(not entry.queue and entry.source.bound == DONE for entry in inputs)
