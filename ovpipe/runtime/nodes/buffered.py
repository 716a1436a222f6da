"""BufferedContext: what a call sends is held back until the call has ended well."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from ovpipe.ports import Input, Output
from ovpipe.runtime.nodes.context import NodeContext
from ovpipe.timestamp import Timestamp, raw_timestamp


class BufferedContext(NodeContext):
    """For calls on a thread, calls beside others of their node, and calls whose errors drop a timestamp.

    Nothing a call does reaches the run before `flush`, which replays it on the event loop, in order. Nor does
    the run reach a call for which `keep_bounds` was called: its inputs' bounds stay what they were then.
    """

    __slots__ = ("acts", "bounds")

    acts: list[tuple[Callable[..., None], tuple[Any, ...]]]
    bounds: dict[Input[Any], int]

    @classmethod
    def like(cls, cx: NodeContext) -> BufferedContext:
        """A context of the same node, with its side packets and without its inputs."""
        made = cls()
        made.node, made.outs, made.ts, made.acts, made.bounds = cx.node, cx.outs, cx.ts, [], {}
        inputs = {entry.port for entry in cx.node.inputs}
        for port, value in cx.items():
            if port not in inputs:
                made[port] = value
        return made

    def keep_bounds(self) -> None:
        """Notes the inputs' bounds, for a call beside which the run goes on, maybe on another thread."""
        self.bounds = {entry.port: entry.bound() for entry in self.node.inputs}

    def bound(self, port: Input[Any]) -> Timestamp:
        if port in self.bounds:
            return Timestamp.of_raw(self.bounds[port])
        return super().bound(port)

    def send(self, port: Output[Any], value: Any, at: int | None = None) -> None:
        stream = self.outs[port]
        if stream.abandoned:
            stream.refuse((0, None))
        if at is not None:
            at = raw_timestamp(at, f"{port}, at=")
        self.acts.append((NodeContext.send, (port, value, at)))

    def set_bound(self, port: Output[Any], bound: int) -> None:
        self.acts.append((NodeContext.set_bound, (port, raw_timestamp(bound, f"the bound of {port}"))))

    def done(self, port: Input[Any], key: Hashable = None) -> None:
        self.acts.append((NodeContext.done, (port, key)))

    def flush(self) -> None:
        """Does what the call asked for."""
        acts, self.acts = self.acts, []
        for act, arguments in acts:
            act(self, *arguments)

    def discard(self) -> None:
        """Forgets what the call asked for."""
        self.acts.clear()
