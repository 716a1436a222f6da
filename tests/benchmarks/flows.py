"""ovpipe's chains and fans, and the ways to send packets through them."""

from __future__ import annotations

import time
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import NodePlan, Plan, StreamPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph


class PassCalculator(Calculator):
    """Hands its input on."""

    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class AsyncPassCalculator(Calculator):
    """Hands its input on from a coroutine that never suspends."""

    inward = Input[int]()
    outward = Output[int]()

    async def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


def join_of(width: int) -> type[Calculator]:
    """A calculator that reads `width` inputs and sends one packet."""
    inputs: dict[str, Any] = {f"in{i}": Input[int]() for i in range(width)}
    outward = Output[int]()

    def process(self: Calculator, cx: Context) -> None:
        for port in inputs.values():
            cx[port]
        cx.send(outward, 1)

    return type("JoinCalculator", (Calculator,), {**inputs, "outward": outward, "process": process})


def plan_of(nodes: list[tuple[type[Calculator], list[int], list[int]]]) -> Plan:
    """A graph with the input stream 0; each node as its class and the indices of its streams."""
    plans = tuple(
        NodePlan(
            f"n{i}",
            cls,
            {},
            tuple(zip(cls.ports.inputs.values(), inputs, strict=True)),
            tuple(zip(cls.ports.outputs.values(), outputs, strict=True)),
            (),
            (),
            f"bench:{i}",
        )
        for i, (cls, inputs, outputs) in enumerate(nodes)
    )
    count = 1 + sum(len(outputs) for _, _, outputs in nodes)
    streams = tuple(StreamPlan(f"s{i}", None if i == 0 else "n", "bench:0") for i in range(count))
    return Plan("bench", "bench", streams, ("s0",), (f"s{count - 1}",), (), (), plans)


def chain(length: int, first: type[Calculator] = PassCalculator) -> Plan:
    """Nodes one after another."""
    return plan_of([(first if i == 0 else PassCalculator, [i], [i + 1]) for i in range(length)])


def fan(width: int) -> Plan:
    """One stream into `width` nodes and their streams into one."""
    branches: list[tuple[type[Calculator], list[int], list[int]]] = [
        (PassCalculator, [0], [i + 1]) for i in range(width)
    ]
    return plan_of([*branches, (join_of(width), list(range(1, width + 1)), [width + 1])])


async def flood(plan: Plan, packets: int) -> float:
    """Sends packets as fast as the graph takes them; microseconds a packet."""
    async with Graph(plan) as graph:
        seen = 0

        def count(packet: object) -> None:
            nonlocal seen
            seen += 1

        run = graph.run()
        run.observe(plan.outputs[0], count)
        core = run._core  # as a source inside the runtime would: without a coroutine for each packet
        stream = core.streams[0]
        run.start()
        begin = time.perf_counter()
        for i in range(packets):
            core.add(0, i, i)
            if stream.full or i % 64 == 63:
                while core.pump():
                    pass
        run.close_inputs()
        await run.wait()
        took = time.perf_counter() - begin
        assert seen == packets
        return took / packets * 1e6


async def send(plan: Plan, packets: int) -> float:
    """Sends packets as anybody outside does, each by a call of its own; microseconds a packet."""
    async with Graph(plan) as graph:
        seen = 0

        def count(packet: object) -> None:
            nonlocal seen
            seen += 1

        run = graph.run()
        run.observe(plan.outputs[0], count)
        run.start()
        begin = time.perf_counter()
        async with run:
            for i in range(packets):
                await run.send("s0", i, at=i)
        took = time.perf_counter() - begin
        assert seen == packets
        return took / packets * 1e6


async def lockstep(plan: Plan, packets: int) -> float:
    """Sends a packet when the one before has come out; microseconds a packet."""
    async with Graph(plan) as graph, graph.run() as run:
        reader = run.read(plan.outputs[0])
        begin = time.perf_counter()
        for i in range(packets):
            await run.send("s0", i, at=i)
            await anext(reader)
        return (time.perf_counter() - begin) / packets * 1e6


async def starts(plan: Plan, runs: int) -> float:
    """Starts a run, sends one packet, waits for its end; microseconds a run."""
    async with Graph(plan) as graph:
        begin = time.perf_counter()
        for _ in range(runs):
            async with graph.run() as run:
                await run.send("s0", 0, at=0)
        return (time.perf_counter() - begin) / runs * 1e6


async def live(plan: Plan, runs: int) -> float:
    """Many runs at once, each in lockstep, by turns; microseconds a hop."""
    turns = 10
    async with Graph(plan) as graph:
        pairs = [(run := graph.run(), run.read(plan.outputs[0])) for _ in range(runs)]
        for run, _ in pairs:
            run.start()
        begin = time.perf_counter()
        for i in range(turns):
            for run, reader in pairs:
                await run.send("s0", i, at=i)
                await anext(reader)
        took = time.perf_counter() - begin
        for run, _ in pairs:
            run.close_inputs()
            await run.wait()
        return took / (turns * runs * len(plan.nodes)) * 1e6
