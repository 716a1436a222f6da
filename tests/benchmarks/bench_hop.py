"""What a packet's hop costs: chains, fans and joins, lockstep, starts, threads, memory.

Run it with `make bench` or `python -m tests.benchmarks.bench_hop`. Medians of seven, microseconds a packet
where no other unit stands.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

from ovpipe.graph.plan import Plan
from tests.benchmarks.chat_start import requests
from tests.benchmarks.figures import Figures, say_row
from tests.benchmarks.flows import AsyncPassCalculator, chain, fan, flood, live, lockstep, send, starts
from tests.benchmarks.memory import grown_by_packets, grown_by_runs
from tests.benchmarks.pooled import bare, pooled

SIX = 6
"""As many nodes as the chat graph has in a run."""


class Bench:
    """Measures so many times, and so much each time."""

    def __init__(self, repeats: int, part: float) -> None:
        self.repeats = repeats
        self.part = part

    def row(
        self, label: str, measure: Callable[[Plan, int], Coroutine[Any, Any, float]], plan: Plan, count: int
    ) -> None:
        """Measures several times and says the median and the spread."""
        self.say(label, lambda: measure(plan, self.scaled(count)))

    def say(self, label: str, measure: Callable[[], Coroutine[Any, Any, float]]) -> None:
        """The same for what needs no plan."""
        figures = Figures()
        for _ in range(self.repeats):
            gc.collect()
            figures.append(asyncio.run(measure()))
        say_row(label, figures)

    def scaled(self, count: int) -> int:
        """How many it is this time."""
        return max(20, int(count * self.part))

    def hops(self) -> None:
        """What a packet costs on its way."""
        for length in (1, 10, 100):
            self.row(f"chain of {length}", flood, chain(length), 200_000 // (length + 10))
        for width in (2, 8, 32):
            self.row(f"fan of {width} and join", flood, fan(width), 40_000 // width)
        for length in (1, 10, 100):
            self.row(f"chain of {length}, by run.send", send, chain(length), 60_000 // (length + 10))
        for length in (1, 10, 100):
            self.row(f"lockstep through {length}", lockstep, chain(length), 20_000 // length)
        self.row("chain of 10, the first async", flood, chain(10, AsyncPassCalculator), 10_000)
        self.row("a hop in 1,000 live runs of six, lockstep", live, chain(SIX), 1_000)

    def runs(self) -> None:
        """What a run costs that brings one packet."""
        self.row("start, one packet, finish: six nodes", starts, chain(SIX), 1_000)
        self.say("the chat graph on a fake engine, one token", lambda: requests(self.scaled(1_000)))

    def threads(self) -> None:
        """What two threads gain over one: two nodes on a pool, and two bare threads, by turns."""
        packets = self.scaled(100)
        nodes, threads, ratio = Figures(), Figures(), Figures()
        for _ in range(self.repeats):
            alone = bare(packets, threads=1)
            threads.append(alone / bare(packets, threads=2))
            nodes.append(alone / asyncio.run(pooled(packets)))
            ratio.append(nodes[-1] / threads[-1])
        say_row("two threads without a graph: gain", threads, "x")
        say_row("two nodes on a pool of two: gain", nodes, "x")
        say_row("the nodes' gain as a part of the threads'", ratio, "")

    def memory(self) -> None:
        """How much a process grows."""
        packets, runs = self.scaled(1_000_000), self.scaled(100_000)
        growth = asyncio.run(grown_by_packets(chain(SIX), packets))
        say_row(f"memory after {packets:,} packets", Figures([growth]), "MB")
        growth = asyncio.run(grown_by_runs(chain(SIX), runs))
        say_row(f"memory after {runs:,} runs", Figures([growth]), "MB")


def main() -> None:
    """Says the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three rounds, and a fifth of the packets")
    quick = parser.parse_args().quick
    bench = Bench(repeats=3 if quick else 7, part=0.2 if quick else 1)
    bench.hops()
    bench.runs()
    bench.threads()
    bench.memory()


if __name__ == "__main__":
    main()
