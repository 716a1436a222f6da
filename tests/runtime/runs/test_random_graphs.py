"""Random graphs, random packets, random queue sizes: always what a plain evaluation gives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import NodePlan, Plan, StreamPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph

Value = tuple[Any, ...]


def mixed(node: int, values: list[Value | None], drop: int) -> Value | None:
    """What a node makes of its inputs at one timestamp: everything it read, or nothing now and then."""
    result: Value = (node, *values)
    return None if drop and hash(result) % drop == 0 else result


def calculator(node: int, width: int, *, drop: int, kind: str) -> type[Calculator]:
    """A calculator with `width` inputs that computes `mixed`, in a plain, an async or a suspending process."""
    inputs: dict[str, Any] = {f"in{i}": Input[tuple]() for i in range(width)}  # type: ignore[type-arg]  # any tuple
    out = Output[tuple]()  # type: ignore[type-arg]  # any tuple

    def process(self: Calculator, cx: Context) -> None:
        value = mixed(node, [cx.get(port) for port in inputs.values()], drop)
        if value is not None:
            cx.send(out, value)

    async def coroutine(self: Calculator, cx: Context) -> None:
        if kind == "suspending":
            await asyncio.sleep(0)
        process(self, cx)

    body = {**inputs, "out": out, "process": process if kind == "plain" else coroutine}
    return type(f"Mix{node}Calculator", (Calculator,), body)


@dataclass(frozen=True)
class Case:
    """A graph as the input streams of each node (0 is the graph's first input), and what is fed to it."""

    inputs: int
    nodes: list[tuple[list[int], int, str]]
    max_queue_size: int
    feed: list[tuple[int, int]]

    def plan(self) -> Plan:
        """The graph; node i writes stream `inputs + i`."""
        nodes = []
        for index, (sources, drop, kind) in enumerate(self.nodes):
            cls = calculator(index, len(sources), drop=drop, kind=kind)
            nodes.append(
                NodePlan(
                    f"n{index}",
                    cls,
                    {},
                    tuple(zip(cls.ports.inputs.values(), sources, strict=True)),
                    ((cls.ports.outputs["out"], self.inputs + index),),
                    (),
                    (),
                    "random",
                )
            )
        names = [f"s{i}" for i in range(self.inputs + len(nodes))]
        return Plan(
            "random",
            "random",
            tuple(StreamPlan(name, None, "random") for name in names),
            tuple(names[: self.inputs]),
            tuple(names[self.inputs :]),
            (),
            (),
            tuple(nodes),
            self.max_queue_size,
        )

    def expected(self) -> list[list[tuple[int, Value]]]:
        """The packets of every stream, computed timestamp by timestamp."""
        streams: list[dict[int, Value]] = [{} for _ in range(self.inputs + len(self.nodes))]
        for stream, timestamp in self.feed:
            streams[stream][timestamp] = (timestamp,)
        for index, (sources, drop, _) in enumerate(self.nodes):
            for timestamp in sorted({t for source in sources for t in streams[source]}):
                value = mixed(index, [streams[source].get(timestamp) for source in sources], drop)
                if value is not None:
                    streams[self.inputs + index][timestamp] = value
        return [sorted(stream.items()) for stream in streams]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A connected acyclic graph of up to eight nodes, and up to thirty packets in any interleaving."""
    inputs = draw(st.integers(1, 3))
    nodes = []
    for index in range(draw(st.integers(1, 8))):
        sources = draw(st.lists(st.integers(0, inputs + index - 1), min_size=1, max_size=3, unique=True))
        nodes.append(
            (
                sources,
                draw(st.sampled_from([0, 2, 3])),
                draw(st.sampled_from(["plain", "async", "suspending"])),
            )
        )
    packets = draw(
        st.lists(st.tuples(st.integers(0, inputs - 1), st.integers(0, 20)), max_size=30, unique=True)
    )
    order: list[tuple[int, int]] = []
    waiting = {stream: sorted(t for s, t in packets if s == stream) for stream in range(inputs)}
    while any(waiting.values()):
        stream = draw(st.sampled_from([s for s, left in waiting.items() if left]))
        order.append((stream, waiting[stream].pop(0)))
    return Case(inputs, nodes, draw(st.integers(1, 4)), order)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_run_gives_what_a_plain_evaluation_gives(case: Case) -> None:
    async def scenario() -> list[list[tuple[int, Value]]]:
        seen: list[list[tuple[int, Value]]] = [[] for _ in case.plan().streams]
        async with Graph(case.plan()) as graph, asyncio.timeout(20), graph.run() as run:
            for index in range(len(seen)):
                run.observe(
                    f"s{index}",
                    lambda packet, index=index: seen[index].append((int(packet.timestamp), packet.value)),  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                )
            for stream, timestamp in case.feed:
                await run.send(f"s{stream}", (timestamp,), at=timestamp)
        return seen

    assert asyncio.run(scenario()) == case.expected()
