"""DropOnErrorNode: a node whose failed calls cost their timestamp only."""

from __future__ import annotations

from typing import Any

from ovpipe.runtime.nodes.buffered import BufferedContext
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.runtime.nodes.join_node import JoinNode


class DropOnErrorNode(JoinNode):
    """`on_error: drop` for a plain `process`: what a failed call had sent before it failed is not seen."""

    __slots__ = ("buffer",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.buffer = BufferedContext.like(self.cx)
        self.process = self.call

    def call(self, cx: NodeContext) -> Any:
        """One call of `process`, let out whole or not at all."""
        buffer = self.buffer
        buffer.clear()
        buffer.update(cx)
        buffer.ts = cx.ts
        try:
            result = self.calculator.process(buffer)
        except BaseException as error:  # what was sent is discarded, whatever ended the call
            buffer.discard()
            if not self.drops_error(error):
                raise
            return None
        finally:
            buffer.clear()  # a run at rest keeps no packet alive
        buffer.flush()
        return result

    def release(self) -> None:
        """Lets go of the run, which has ended."""
        super().release()
        del self.buffer
