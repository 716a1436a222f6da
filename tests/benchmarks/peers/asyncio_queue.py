"""Plain asyncio: a task for each node, an asyncio.Queue before it."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from tests.benchmarks.peers.jobs import Job, answer

QUEUE_SIZE = 100

Queue = asyncio.Queue[int]


async def hand_on(above: Queue, below: list[Queue]) -> None:
    """A node."""
    while True:
        value = await above.get()
        for queue in below:
            await queue.put(value)


async def join(above: list[Queue], below: Queue) -> None:
    """The node after the branches of a fan."""
    while True:
        for queue in above:
            value = await queue.get()
        await below.put(value)


async def run(job: Job) -> float:
    """Puts the packets in at the first queue and takes them off the last."""
    tasks = []
    first, last = Queue(QUEUE_SIZE), Queue(QUEUE_SIZE)
    if job.shape == "chain":
        queues = [first, *(Queue(QUEUE_SIZE) for _ in range(job.size - 1)), last]
        for above, below in pairwise(queues):
            tasks.append(asyncio.create_task(hand_on(above, [below])))
    else:
        before = [Queue(QUEUE_SIZE) for _ in range(job.size)]
        after = [Queue(QUEUE_SIZE) for _ in range(job.size)]
        tasks.append(asyncio.create_task(hand_on(first, before)))
        for above, below in zip(before, after, strict=True):
            tasks.append(asyncio.create_task(hand_on(above, [below])))
        tasks.append(asyncio.create_task(join(after, last)))

    async def put() -> None:
        for i in range(job.packets):
            await first.put(i)

    begin = time.perf_counter()
    if job.mode == "lockstep":
        for i in range(job.packets):
            await first.put(i)
            await last.get()
    else:
        tasks.append(asyncio.create_task(put()))
        for _ in range(job.packets):
            await last.get()
    took = time.perf_counter() - begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return took / job.packets * 1e6


def measure(job: Job) -> float:
    """All shapes and modes."""
    return asyncio.run(run(job))


if __name__ == "__main__":
    answer(measure)
