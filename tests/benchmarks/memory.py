"""Resident memory, which should not grow with the packets or the runs that have been."""

from __future__ import annotations

import gc
import resource
from pathlib import Path

from ovpipe.graph.plan import Plan
from tests.benchmarks.flows import flood, starts

PAGE = resource.getpagesize()


def resident() -> int:
    """Bytes of this process in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


async def grown_by_packets(plan: Plan, packets: int) -> float:
    """Megabytes that the process grew by, after as many packets before."""
    await flood(plan, packets)
    before = resident()
    await flood(plan, packets)
    return (resident() - before) / 1e6


async def grown_by_runs(plan: Plan, runs: int) -> float:
    """Megabytes that the process grew by, after as many runs before."""
    await starts(plan, runs)
    before = resident()
    await starts(plan, runs)
    return (resident() - before) / 1e6
