"""Runs small graphs, for the tests of calculators that need others around them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ovpipe import Calculator, Graph, Packet, Registry
from ovpipe.graph.load import load_graph_text

Sent = tuple[str, int, Any]
"""An input of the graph, a timestamp, a value."""


def graph_of(text: str, *own: type[Calculator]) -> Graph:
    """A graph of the installed calculators and a test's own."""
    registry = Registry.installed()
    for calculator in own:
        registry.add(calculator)
    return Graph(load_graph_text(text, registry=registry))


def outputs_of(
    text: str, *own: type[Calculator], sent: Sequence[Sent], side: Mapping[str, Any] | None = None
) -> dict[str, list[Packet[Any]]]:
    """The packets of the graph's outputs, when all that is sent has run through."""
    return asyncio.run(_outputs_of(graph_of(text, *own), sent, side or {}))


async def _outputs_of(
    graph: Graph, sent: Sequence[Sent], side: Mapping[str, Any]
) -> dict[str, list[Packet[Any]]]:
    packets: dict[str, list[Packet[Any]]] = {name: [] for name in graph.plan.outputs}
    await graph.open(side)
    async with graph, asyncio.timeout(10), graph.run() as run:
        for name, came in packets.items():
            run.observe(name, came.append)
        for name, timestamp, value in sent:
            await run.send(name, value, at=timestamp)
    return packets


def pairs_of(packets: Sequence[Packet[Any]]) -> list[tuple[int, Any]]:
    """Timestamps and values."""
    return [(packet.timestamp, packet.value) for packet in packets]
