"""A run: packets through a graph, from the first send to the end of its streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import OvpipeError
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, SideInput
from ovpipe.timestamp import Timestamp
from tests.runtime.texts import CHAIN, JOIN, AddOneCalculator, PairCalculator, graph_of, results


class SlowAddOneCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx.send(self.sum, cx[self.number] + 1)


class DropOddCalculator(Calculator):
    number = Input[int]()
    even = Output[int]()

    def process(self, cx: Context) -> None:
        if cx[self.number] % 2 == 0:
            cx.send(self.even, cx[self.number])


class CountCalculator(Calculator):
    """Sends how many packets it has seen."""

    number = Input[int]()
    count = Output[int]()

    def __init__(self) -> None:
        self.seen = 0

    def process(self, cx: Context) -> None:
        self.seen += 1
        cx.send(self.count, self.seen)


class SpellCalculator(Calculator):
    """One word in, a packet for each letter out."""

    word = Input[str]()
    letter = Output[str](streaming=True)

    async def process(self, cx: Context) -> None:
        for letter in cx[self.word]:
            cx.send(self.letter, letter)
            await cx.drain()


def test_packets_pass_through_a_chain_at_their_timestamps() -> None:
    packets = asyncio.run(results(graph_of(CHAIN, AddOneCalculator), "result", number=[1, 2, 3]))
    assert packets == [Packet(3, Timestamp(0)), Packet(4, Timestamp(1)), Packet(5, Timestamp(2))]


def test_a_plain_and_an_async_process_give_the_same() -> None:
    text = CHAIN.replace("two: {calculator: AddOne", "two: {calculator: SlowAddOne")
    packets = asyncio.run(
        results(graph_of(text, AddOneCalculator, SlowAddOneCalculator), "result", number=[1, 2])
    )
    assert packets == [Packet(3, Timestamp(0)), Packet(4, Timestamp(1))]


def test_more_packets_than_a_queue_holds_all_arrive_in_order() -> None:
    text = CHAIN + "max_queue_size: 3\n"
    packets = asyncio.run(results(graph_of(text, AddOneCalculator), "result", number=list(range(1000))))
    assert [packet.value for packet in packets] == list(range(2, 1002))


def test_a_join_processes_a_timestamp_when_every_input_is_settled_there() -> None:
    async def scenario() -> list[list[Any]]:
        seen: list[Any] = []
        steps = []
        graph = graph_of(JOIN, PairCalculator)
        async with graph, graph.run() as run:
            run.observe("pair", lambda packet: seen.append((int(packet.timestamp), packet.value)))
            await run.send("left", 10, at=1)
            steps.append(list(seen))
            await run.send("right", 20, at=2)
            steps.append(list(seen))
            await run.send("left", 11, at=2)
            steps.append(list(seen))
        return steps

    assert asyncio.run(scenario()) == [[], [(1, (10, None))], [(1, (10, None)), (2, (11, 20))]]


def test_a_node_that_sends_nothing_still_settles_its_timestamp_for_the_join_below() -> None:
    text = """
version: 1
inputs: [number]
outputs: [pair]
nodes:
  drop: {calculator: DropOddCalculator, inputs: {number: number}, outputs: {even: even}}
  join: {calculator: PairCalculator, inputs: {left: number, right: even}, outputs: {pair: pair}}
"""
    packets = asyncio.run(
        results(graph_of(text, DropOddCalculator, PairCalculator), "pair", number=[0, 1, 2])
    )
    assert [packet.value for packet in packets] == [(0, 0), (1, None), (2, 2)]


def test_every_run_has_calculators_of_its_own() -> None:
    text = """
version: 1
inputs: [number]
outputs: [count]
nodes:
  count: {calculator: CountCalculator, inputs: {number: number}, outputs: {count: count}}
"""

    async def scenario() -> list[list[int]]:
        graph = graph_of(text, CountCalculator)
        counts: list[list[int]] = [[], []]
        async with graph, graph.run() as first, graph.run() as second:
            first.observe("count", lambda packet: counts[0].append(packet.value))
            second.observe("count", lambda packet: counts[1].append(packet.value))
            await first.send("number", 0)
            await second.send("number", 0)
            await first.send("number", 0)
        return counts

    assert asyncio.run(scenario()) == [[1, 2], [1]]


def test_a_streaming_output_counts_on_from_its_last_packet() -> None:
    text = """
version: 1
inputs: [word]
outputs: [letter]
nodes:
  spell: {calculator: SpellCalculator, inputs: {word: word}, outputs: {letter: letter}}
"""
    packets = asyncio.run(
        results(
            graph_of(text, SpellCalculator),
            "letter",
            word=[Packet("abc", Timestamp(0)), Packet("d", Timestamp(7))],
        )
    )
    assert [(int(packet.timestamp), packet.value) for packet in packets] == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
        (7, "d"),
    ]


def test_what_an_async_process_sends_is_seen_before_it_returns() -> None:
    class WaitCalculator(Calculator):
        gate = SideInput[asyncio.Event]()
        number = Input[int]()
        sum = Output[int](streaming=True)

        async def process(self, cx: Context) -> None:
            cx.send(self.sum, 1)
            await cx[self.gate].wait()
            cx.send(self.sum, 2)

    text = """
version: 1
inputs: [number]
outputs: [result]
side_inputs: [gate]
nodes:
  wait: {calculator: WaitCalculator, inputs: {number: number}, outputs: {sum: early}, side_inputs: {gate: gate}}
  add: {calculator: AddOneCalculator, inputs: {number: early}, outputs: {sum: result}}
"""

    async def scenario() -> tuple[Any, Any]:
        gate = asyncio.Event()
        graph = graph_of(text, WaitCalculator, AddOneCalculator)
        await graph.open({"gate": gate})
        async with graph, graph.run() as run:
            reader = run.read("result")
            await run.send("number", 0)
            first = await anext(reader)
            gate.set()
            return first.value, (await anext(reader)).value

    assert asyncio.run(scenario()) == (2, 3)


def test_a_reader_gives_every_packet_and_ends_with_the_stream() -> None:
    async def scenario() -> list[int]:
        graph = graph_of(CHAIN, AddOneCalculator)
        async with graph, graph.run() as run:
            reader = run.read("result")
            for number in range(5):
                await run.send("number", number)
            run.close_inputs()
            return [packet.value async for packet in reader]

    assert asyncio.run(scenario()) == [2, 3, 4, 5, 6]


def test_a_run_needs_an_open_graph() -> None:
    async def scenario() -> None:
        graph_of(CHAIN, AddOneCalculator).run()

    with pytest.raises(OvpipeError, match="is not open"):
        asyncio.run(scenario())
