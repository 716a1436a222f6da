"""InputPolicy: which packets of a node's inputs make up its next input set."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.input_set import InputSet


class InputPolicy(Protocol):
    """What a node asks before each call of `process`. One for each node of each run.

    Options are those of the node's plan; they name inputs by their ports' names.
    """

    __slots__ = ()

    name: ClassVar[str]
    """As graphs and messages call it."""
    ascending: ClassVar[bool] = True
    """Whether every input set has a later timestamp than the one before."""
    sees_bounds: ClassVar[bool] = False
    """Whether it can hand out a timestamp at which inputs are only settled, for process_timestamp_bounds."""
    passes_single_input: ClassVar[bool] = False
    """Whether, without options and bounds, it hands the packets of a single input on as they came."""

    inputs: list[InputQueue]

    def __init__(
        self, inputs: list[InputQueue], *, process_timestamp_bounds: bool = False, **options: Any
    ) -> None: ...

    def take(self, cx: InputSet) -> bool:
        """Moves the next input set into the context, with its timestamp; False when none is settled."""
        ...

    def bound(self) -> int:
        """The smallest timestamp that could still be processed; the outputs are settled below it.

        At ONE_OVER_POST_STREAM or later the node has seen everything that it is to see, and closes.
        """
        ...

    def clear(self, cx: InputSet) -> None:
        """Takes the last input set out of the context, so that a run at rest keeps no packet alive."""
        for entry in self.inputs:
            cx.pop(entry.port, None)
