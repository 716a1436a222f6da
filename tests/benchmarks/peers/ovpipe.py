"""ovpipe itself, by the same jobs."""

from __future__ import annotations

import asyncio

from tests.benchmarks.flows import chain, fan, flood, lockstep, send
from tests.benchmarks.peers.jobs import Job, answer


def measure(job: Job) -> float:
    """All shapes and modes."""
    plan = chain(job.size) if job.shape == "chain" else fan(job.size)
    way = {"flood": flood, "send": send, "lockstep": lockstep}[job.mode]
    return asyncio.run(way(plan, job.packets))


if __name__ == "__main__":
    answer(measure, "ovpipe")
