"""Work that releases the GIL: two nodes on a pool of two threads, against two bare threads."""

from __future__ import annotations

import hashlib
import threading
import time

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import ExecutorPlan, NodePlan, Plan, StreamPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph

BUFFER = bytes(4 << 20)
"""A hash of it takes milliseconds, all of them without the GIL."""


class HashCalculator(Calculator):
    """Hashes the buffer once a packet."""

    inward = Input[int]()
    outward = Output[bytes]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, hashlib.sha256(BUFFER).digest())


def pooled_plan() -> Plan:
    """One input, two nodes on the pool, an output each."""
    nodes = tuple(
        NodePlan(
            name=f"n{i}",
            calculator=HashCalculator,
            options={},
            inputs=((HashCalculator.inward, 0),),
            outputs=((HashCalculator.outward, i + 1),),
            side_inputs=(),
            side_outputs=(),
            place=f"bench:{i}",
            executor="pool",
        )
        for i in range(2)
    )
    streams = tuple(StreamPlan(f"s{i}", None if i == 0 else f"n{i - 1}", "bench:0") for i in range(3))
    return Plan(
        name="pooled",
        file="bench",
        streams=streams,
        inputs=("s0",),
        outputs=("s1", "s2"),
        side_inputs=(),
        resources=(),
        nodes=nodes,
        executors=(ExecutorPlan("pool", threads=2),),
    )


async def pooled(packets: int) -> float:
    """Seconds for so many packets through both nodes."""
    async with Graph(pooled_plan()) as graph:
        begin = time.perf_counter()
        async with graph.run() as run:
            for i in range(packets):
                await run.send("s0", i, at=i)
        return time.perf_counter() - begin


def hashes(count: int) -> None:
    """What one thread does."""
    for _ in range(count):
        hashlib.sha256(BUFFER).digest()


def bare(packets: int, threads: int) -> float:
    """Seconds for the same work on bare threads."""
    workers = [threading.Thread(target=hashes, args=[2 * packets // threads]) for _ in range(threads)]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin
