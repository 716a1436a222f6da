"""PreviousLoopbackCalculator: what was made of one packet, beside the next."""

from __future__ import annotations

import asyncio
from typing import Any

from ovpipe import Calculator, Context, Input, Output, Packet, Timestamp
from ovpipe.calculators.flow.previous_loopback import PreviousLoopbackCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import graph_of, outputs_of, pairs_of


class AddCalculator(Calculator):
    """Adds what came before; of a sum that is divisible by five it says nothing."""

    number = Input[int]()
    before = Input[int]()
    total = Output[int]()
    seen = Output[tuple[int, int | None]]()

    def process(self, cx: Context) -> None:
        total = cx[self.number] + (cx.get(self.before) or 0)
        cx.send(self.seen, (cx[self.number], cx.get(self.before)))
        if total % 5:
            cx.send(self.total, total)


SUM = """
version: 1
inputs: [number]
outputs: [total, seen]
nodes:
  loopback:
    calculator: PreviousLoopbackCalculator
    inputs: {main: number, loop: {stream: total, back_edge: true}}
    outputs: {previous: before}
  add:
    calculator: AddCalculator
    inputs: {number: number, before: before}
    outputs: {total: total, seen: seen}
"""


def test_a_sum_runs_up_over_a_back_edge_and_the_run_ends() -> None:
    sent = [("number", timestamp, number) for timestamp, number in [(0, 1), (1, 2), (7, 3), (100, 6)]]
    out = outputs_of(SUM, AddCalculator, sent=sent)
    assert pairs_of(out["total"]) == [(0, 1), (1, 3), (7, 6), (100, 12)]
    assert [value for _, value in pairs_of(out["seen"])] == [(1, None), (2, 1), (3, 3), (6, 6)]


def test_where_the_loop_had_no_packet_there_is_none_before() -> None:
    sent = [("number", timestamp, number) for timestamp, number in enumerate([2, 3, 4, 1, 6])]
    out = outputs_of(SUM, AddCalculator, sent=sent)
    assert [value for _, value in pairs_of(out["seen"])] == [(2, None), (3, 2), (4, None), (1, 4), (6, None)]


def test_each_packet_goes_round_before_the_next_is_sent() -> None:
    async def scenario() -> list[int]:
        totals: list[int] = []
        lengths: list[int] = []
        graph = graph_of(SUM, AddCalculator)
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("total", lambda packet: totals.append(packet.value))
            for number in (1, 1, 1):
                await run.send("number", number)
                lengths.append(len(totals))
        return lengths

    assert asyncio.run(scenario()) == [1, 2, 3]


def at(timestamp: int, value: str) -> Packet[str]:
    return Packet(value, Timestamp(timestamp))


def previous(main: list[Packet[str]], loop: list[Packet[str]]) -> list[tuple[int, Any]]:
    out = CalculatorRunner(PreviousLoopbackCalculator()).run(main=main, loop=loop)
    return pairs_of(out.packets(PreviousLoopbackCalculator.previous))


def test_only_the_loops_packet_of_the_very_timestamp_before_is_sent() -> None:
    main = [at(1, "a"), at(5, "b"), at(9, "c")]
    assert previous(main, [at(0, "v"), at(1, "w"), at(4, "x"), at(6, "y"), at(9, "z")]) == [(5, "w")]


def test_a_loop_that_lags_behind_is_waited_for() -> None:
    main = [at(1, "a"), at(2, "b"), at(3, "c")]
    loop = [at(1, "x"), at(2, "y"), at(3, "z")]

    async def scenario() -> list[Any]:
        seen: list[Any] = []
        text = """
version: 1
inputs: [main, loop]
outputs: [previous]
nodes:
  it: {calculator: PreviousLoopbackCalculator, inputs: {main: main, loop: loop}, outputs: {previous: previous}}
"""
        graph = graph_of(text)
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("previous", seen.append)
            for packet in main:
                await run.send("main", packet.value, at=packet.timestamp)
            assert seen == []
            for packet in loop:
                await run.send("loop", packet.value, at=packet.timestamp)
        return pairs_of(seen)

    assert asyncio.run(scenario()) == [(2, "x"), (3, "y")]


def test_a_loop_that_comes_together_with_main_is_kept_for_the_next() -> None:
    text = """
version: 1
inputs: [text]
outputs: [before]
nodes:
  twice: {calculator: PassThroughCalculator, inputs: {streams: [text, text]}, outputs: {passed: [main, loop]}}
  loopback: {calculator: PreviousLoopbackCalculator, inputs: {main: main, loop: loop}, outputs: {previous: before}}
"""
    out = outputs_of(text, sent=[("text", 1, "a"), ("text", 5, "b"), ("text", 9, "c")])
    assert pairs_of(out["before"]) == [(5, "a"), (9, "b")]
