"""Rounds: what becomes of loops when nothing more comes from outside."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from ovpipe.runtime.core.consumer import Consumer
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.stream import closed_stream
from ovpipe.timestamp import ONE_OVER_POST_STREAM

log = logging.getLogger(__name__)

LOOKS = 20
"""After how many looks at a loop that still goes round something is done about it."""


class Rounds:
    """The loops of a run whose inputs and sources have ended.

    When nothing is in flight, nothing can come along a back edge any more: its reader sees it ended, and so
    the loop ends. A packet that is in flight may go round as long as its nodes send it on; after a while the
    log says what would end it.
    """

    def __init__(self, nodes: Sequence[CoreNode], ready: deque[Consumer]) -> None:
        self._nodes = nodes
        self._ready = ready
        self._back_edges = [(node, entry) for node in nodes for entry in node.inputs if entry.back_edge]
        self._looks = 0
        self._empty = 0
        self._warned = False

    def end(self) -> bool:
        """Ends the back edges of a run that is idle; returns whether there were any left.

        A packet that waits beside a back edge waits for it: nobody primed the loop. One that waits elsewhere
        may get further by the end of the loop.
        """
        if any(entry.queue for node, _ in self._back_edges if not node.closed for entry in node.inputs):
            return False
        left = [
            (node, entry)
            for node, entry in self._back_edges
            if not node.closed and entry.source.bound < ONE_OVER_POST_STREAM
        ]
        for node, entry in left:
            stream, entry.source = entry.source, closed_stream()
            stream.consumers = [consumer for consumer in stream.consumers if consumer[1] is not entry.queue]
            stream.connect()  # what a node of the loop still sends at its close goes nowhere
            if not node.queued:
                node.queued = True
                self._ready.append(node)
        return bool(left)

    def look(self) -> None:
        """Called now and then while something moves. Bounds alone may go round, too, and end with that."""
        self._looks += 1
        self._empty += not self._in_flight()
        if self._looks < LOOKS:
            return
        if self._empty == self._looks:
            self.end()
        elif not self._warned:
            self._warn()
        self._looks = self._empty = 0

    def _in_flight(self) -> bool:
        """Whether a packet waits, or a call is under way."""
        return any(
            node.calling is not None or any(entry.queue for entry in node.inputs)
            for node in self._nodes
            if not node.closed
        )

    def _warn(self) -> None:
        live = [(node, entry) for node, entry in self._back_edges if not node.closed]
        self._warned = True
        if live:
            node, entry = live[0]
            log.warning(
                "%s: the inputs have ended, but packets go on round the loop through input %r of node %r; "
                "the run ends when a node of the loop sends nothing more, or, with `input_policy: "
                "early_close` at node %r, with the first of its inputs",
                node.place,
                entry.port.name,
                node.name,
                node.name,
            )
