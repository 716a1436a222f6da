"""Input policies: which packets of a node's inputs make up its next input set."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ovpipe.ports import Input
from ovpipe.runtime.context import NodeContext
from ovpipe.runtime.stream import Item, Stream
from ovpipe.timestamp import DONE


class InputQueue:
    """One wired input of a node: the packets that wait, and the stream they come from."""

    __slots__ = ("pop", "port", "queue", "source")

    def __init__(self, port: Input[Any], source: Stream) -> None:
        self.port = port
        self.source = source
        self.queue: deque[Item] = deque()
        self.pop: Callable[[], Item] = self.queue.popleft


class DefaultInputPolicy:
    """MediaPipe's default: the smallest timestamp at which every input is settled and one has a packet.

    Ascending, nothing dropped. A stream is settled at T when its bound is above T.
    """

    __slots__ = ("inputs",)

    def __init__(self, inputs: list[InputQueue]) -> None:
        self.inputs = inputs

    def bound(self) -> int:
        """The smallest timestamp that could still be processed: of all heads and of all empty inputs' bounds.

        At ONE_OVER_POST_STREAM or later the node has seen everything and closes.
        """
        bound = DONE
        for entry in self.inputs:
            first = entry.queue[0][0] if entry.queue else entry.source.bound
            if first < bound:
                bound = first
        return bound

    def take(self, cx: NodeContext) -> bool:
        """Moves the next input set into the context; False when none is settled."""
        head = bound = DONE
        for entry in self.inputs:
            queue = entry.queue
            if queue:
                timestamp = queue[0][0]
                if timestamp < head:
                    head = timestamp
            elif entry.source.bound < bound:
                bound = entry.source.bound
        if bound <= head:
            return False
        cx.ts = head
        for entry in self.inputs:
            queue = entry.queue
            if queue and queue[0][0] == head:
                cx[entry.port] = entry.pop()[1]
            else:
                cx.pop(entry.port, None)
        return True

    def clear(self, cx: NodeContext) -> None:
        """Takes the last input set out of the context, so that a run at rest keeps no packet alive."""
        for entry in self.inputs:
            cx.pop(entry.port, None)
