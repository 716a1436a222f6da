"""What the conformance tests share: two calculators, and a run to be looked at while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import Plan
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph, Run

Seen = list[tuple[int, Any]]
"""Packets as timestamp and value, in the order in which they were sent."""


class PassCalculator(Calculator):
    """Sends what it gets."""

    inward = Input[Any]()
    outward = Output[Any]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class PairCalculator(Calculator):
    """Sends what is there at each timestamp, None for an empty input."""

    left = Input[Any]()
    right = Input[Any]()
    pair = Output[Any]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


@asynccontextmanager
async def running(plan: Plan, stream: str | None = None, **side: Any) -> AsyncIterator[tuple[Run, Seen]]:
    """A run of a graph, and what it sent on a stream so far.

    What a `send` sets off in plain nodes has happened when it returns. The run ends with the block.
    """
    graph = Graph(plan)
    await graph.open(side)
    async with graph, asyncio.timeout(10), graph.run() as run:
        seen: Seen = []
        if stream is not None:
            watch(run, stream, seen)
        yield run, seen


def watch(run: Run, stream: str, seen: Seen) -> None:
    """Notes every packet of a stream, before the run starts."""

    def note(packet: Packet[Any]) -> None:
        seen.append((int(packet.timestamp), packet.value))

    run.observe(stream, note)
