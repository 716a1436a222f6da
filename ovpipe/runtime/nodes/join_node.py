"""JoinNode: a node whose input policy says what is processed when."""

from __future__ import annotations

from ovpipe.errors import Abandoned
from ovpipe.runtime.nodes.failure import returned_something
from ovpipe.runtime.nodes.node import Node


class JoinNode(Node):
    """A node with several inputs, brought together by its input policy."""

    __slots__ = ()

    def drain(self) -> Node | None:
        cx, process, take = self.cx, self.process, self.policy.take
        left = self.room
        try:
            while left > 0 and take(cx):
                if process(cx) is not None:
                    raise returned_something(self.calculator)
                left -= 1
        except Abandoned:
            return self.abandon()
        except BaseException as error:  # a SystemExit, too: one calculator is not the process
            self.fail("process", error)
            return None
        self.policy.clear(cx)
        following = self.forward()
        if left <= 0 < self.room and not self.closed:
            self.queued = True
            self.core.ready.append(self)
        return following
