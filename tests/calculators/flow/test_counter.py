"""CounterCalculator and PacketCountsCalculator: in a run, and over all runs."""

from __future__ import annotations

import asyncio

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.counter import CounterCalculator
from ovpipe.calculators.flow.packet_counts import PacketCounts, PacketCountsCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import graph_of


def test_counts_up_at_each_packets_timestamp() -> None:
    out = CalculatorRunner(CounterCalculator()).run(stream=["a", Packet("b", Timestamp(7))])
    assert out.packets(CounterCalculator.count) == [Packet(1, Timestamp(0)), Packet(2, Timestamp(7))]


def test_runs_that_share_a_count_add_up_in_it() -> None:
    counts = PacketCounts()
    for _ in range(2):
        out = CalculatorRunner(CounterCalculator()).run(stream=["a", "b", "c"], counts=counts)
        assert out[CounterCalculator.count] == [1, 2, 3]
    assert counts.total == 6
    assert counts.metrics() == {"packets_total": 6}


def test_a_shared_count_begins_at_nothing() -> None:
    out = CalculatorRunner(PacketCountsCalculator()).run()
    assert out[PacketCountsCalculator.counts].metrics() == {"packets_total": 0}


def test_a_graph_makes_the_count_once_for_all_its_runs() -> None:
    text = """
version: 1
inputs: [text]
outputs: [count]
nodes:
  answers: {calculator: PacketCountsCalculator, side_outputs: {counts: answers}}
  counter: {calculator: CounterCalculator, inputs: {stream: text}, outputs: {count: count}, side_inputs: {counts: answers}}
"""

    async def scenario() -> object:
        async with graph_of(text) as graph, asyncio.timeout(10):
            for _ in range(2):
                async with graph.run() as run:
                    await run.send("text", "a")
                    await run.send("text", "b")
            return graph.side_packets["answers"].total

    assert asyncio.run(scenario()) == 4
