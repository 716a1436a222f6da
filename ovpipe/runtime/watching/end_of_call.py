"""EndOfCall: sees the end of an async call that began before anybody watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.policies import InputPolicy


class EndOfCall:
    """Stands in for a node's input policy until the call under way has ended.

    The call itself cannot be wrapped any more. But its node has the policy empty the context when the call
    has ended, however it did.
    """

    def __init__(self, node: Node, ended: Callable[[], None]) -> None:
        self._node = node
        self._policy = node.policy
        self._ended = ended
        self.over = False
        """Whether the call has ended."""
        node.policy = cast(InputPolicy, self)

    def restore(self) -> None:
        """Gives the node its policy back."""
        self._node.policy = self._policy

    def clear(self, cx: Any) -> None:
        """The call has ended."""
        self.over = True
        self.restore()
        self._ended()
        self._policy.clear(cx)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._policy, name)
