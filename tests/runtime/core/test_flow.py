"""Back pressure, deadlock, and what happens when nobody reads any more."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import Abandoned, RunError
from ovpipe.graph.load import load_graph_text
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import Registry
from ovpipe.runtime import Graph


class CountUpCalculator(Calculator):
    """Counts for ever, as far as there is room below; notes how far it came and how it ended."""

    log = SideInput[list[Any]]()
    start = Input[int]()
    number = Output[int](streaming=True)

    async def process(self, cx: Context) -> None:
        number = cx[self.start]
        try:
            while True:
                cx.send(self.number, number)
                cx[self.log].append(number)
                await cx.drain()
                number += 1
        except Abandoned:
            cx[self.log].append("abandoned")
            raise

    def close(self, cx: Context) -> None:
        cx[self.log].append("closed")


class PassCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class UntilCalculator(Calculator):
    """Passes numbers on until one reaches the limit, then says done."""

    inward = Input[int]()
    outward = Output[int]()

    def __init__(self, *, limit: int) -> None:
        self.limit = limit

    def process(self, cx: Context) -> None:
        number = cx[self.inward]
        cx.send(self.outward, number)
        if number >= self.limit:
            cx.done(self.inward)


COUNT = """
version: 1
inputs: [start]
outputs: [result]
side_inputs: [log]
max_queue_size: 4
nodes:
  count: {calculator: CountUpCalculator, inputs: {start: start}, outputs: {number: number}, side_inputs: {log: log}}
"""


async def run_count(nodes: str, *classes: type[Calculator]) -> tuple[list[Any], list[Any]]:
    """The log of the counting node, and what came out, of a graph that ends by itself."""
    log: list[Any] = []
    values: list[Any] = []
    graph = Graph(
        load_graph_text(COUNT + nodes, registry=Registry.of(CountUpCalculator, PassCalculator, *classes))
    )
    await graph.open({"log": log})
    async with graph, asyncio.timeout(10), graph.run() as run:
        run.observe("result", lambda packet: values.append(packet.value))
        await run.send("start", 0)
    return log, values


def test_done_reaches_the_producer_through_nodes_between_at_its_next_drain() -> None:
    nodes = """
  one: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: first}}
  two: {calculator: PassCalculator, inputs: {inward: first}, outputs: {outward: second}}
  until: {calculator: UntilCalculator, inputs: {inward: second}, outputs: {outward: result}, options: {limit: 3}}
"""
    log, values = asyncio.run(run_count(nodes, UntilCalculator))
    assert values == [0, 1, 2, 3]
    assert log == [0, 1, 2, 3, "abandoned", "closed"]


def test_abandoned_ends_the_node_and_not_the_run() -> None:
    class CloseCalculator(UntilCalculator):
        def close(self, cx: Context) -> None:
            cx.send(self.outward, -1, at=1000)

    nodes = """
  until: {calculator: CloseCalculator, inputs: {inward: number}, outputs: {outward: result}, options: {limit: 1}}
"""
    _, values = asyncio.run(run_count(nodes, CloseCalculator))
    assert values == [0, 1, -1]


def test_a_producer_goes_on_while_one_of_its_consumers_still_reads() -> None:
    nodes = """
  early: {calculator: UntilCalculator, inputs: {inward: number}, outputs: {outward: short}, options: {limit: 1}}
  late: {calculator: UntilCalculator, inputs: {inward: number}, outputs: {outward: result}, options: {limit: 5}}
"""
    log, values = asyncio.run(run_count(nodes, UntilCalculator))
    assert values == [0, 1, 2, 3, 4, 5]
    assert log[-2:] == ["abandoned", "closed"]


def test_a_stop_travels_up_a_chain_of_a_thousand_nodes() -> None:
    names = ["number", *(f"s{i}" for i in range(1000)), "last"]
    nodes = "".join(
        f"  n{i}: {{calculator: PassCalculator, inputs: {{inward: {a}}}, outputs: {{outward: {b}}}}}\n"
        for i, (a, b) in enumerate(pairwise(names))
    )
    nodes += "  until: {calculator: UntilCalculator, inputs: {inward: last}, outputs: {outward: result}, options: {limit: 0}}\n"
    log, values = asyncio.run(run_count(nodes, UntilCalculator))
    assert values == [0]
    assert log[-2:] == ["abandoned", "closed"]


class BurstCalculator(Calculator):
    """Sends a hundred packets without waiting for room, then as many as are abandoned in close."""

    log = SideInput[list[Any]]()
    start = Input[int]()
    number = Output[int](streaming=True)

    async def process(self, cx: Context) -> None:
        for number in range(100):
            cx.send(self.number, number)

    async def close(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx[self.log].append("closing")
        cx.send(self.number, 100)
        cx[self.log].append("closed")


BURST = COUNT.replace("CountUp", "Burst")


async def run_burst(nodes: str, *classes: type[Calculator]) -> tuple[list[Any], list[Any]]:
    """The log of the bursting node, and what came out."""
    log: list[Any] = []
    values: list[Any] = []
    graph = Graph(
        load_graph_text(BURST + nodes, registry=Registry.of(BurstCalculator, PassCalculator, *classes))
    )
    await graph.open({"log": log})
    try:
        async with asyncio.timeout(10), graph.run() as run:
            run.observe("result", lambda packet: values.append(packet.value))
            await run.send("start", 0)
    except RunError as error:
        values.append(str(error.__cause__))
    await graph.close()
    return log, values


def test_a_burst_larger_than_a_turn_and_a_queue_is_processed_whole() -> None:
    nodes = """
  one: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: first}}
  two: {calculator: PassCalculator, inputs: {inward: first}, outputs: {outward: result}}
"""
    log, values = asyncio.run(run_burst(nodes))
    assert values == list(range(101))
    assert log == ["closing", "closed"]


def test_an_async_close_is_spared_the_cancellation_of_the_call_before_it() -> None:
    class FailCalculator(PassCalculator):
        def process(self, cx: Context) -> None:
            if cx[self.inward] == 3:
                raise ValueError("no threes")

    nodes = "  one: {calculator: FailCalculator, inputs: {inward: number}, outputs: {outward: result}}\n"
    log, values = asyncio.run(run_burst(nodes, FailCalculator))
    assert values == ["no threes"]
    assert log == ["closing", "closed"]


def test_an_async_close_still_sends_on_an_output_that_nobody_ever_read() -> None:
    class TwoCalculator(Calculator):
        """Has an output that is not wired, and sends to it in an async close."""

        inward = Input[int]()
        outward = Output[int]()
        unread = Output[int]()

        def process(self, cx: Context) -> None:
            cx.send(self.outward, cx[self.inward])

        async def close(self, cx: Context) -> None:
            await asyncio.sleep(0)
            cx.send(self.unread, 1, at=1000)

    class LateUntilCalculator(Calculator):
        """Says done while the node above it is at rest."""

        inward = Input[int]()
        outward = Output[int]()

        async def process(self, cx: Context) -> None:
            cx.send(self.outward, cx[self.inward])
            for _ in range(20):
                await asyncio.sleep(0)
            cx.done(self.inward)

    text = """
version: 1
inputs: [start]
outputs: [result]
nodes:
  two: {calculator: TwoCalculator, inputs: {inward: start}, outputs: {outward: between}}
  until: {calculator: LateUntilCalculator, inputs: {inward: between}, outputs: {outward: result}}
"""

    async def scenario() -> None:
        graph = Graph(load_graph_text(text, registry=Registry.of(TwoCalculator, LateUntilCalculator)))
        async with graph, asyncio.timeout(10):
            run = graph.run()
            await run.send("start", 0)
            await run.wait()  # the input is still open: the node ends because nobody reads it

    asyncio.run(scenario())


class PlainBurstCalculator(Calculator):
    """Sends a hundred packets from one plain call."""

    start = Input[int]()
    number = Output[int](streaming=True)

    def process(self, cx: Context) -> None:
        for number in range(100):
            cx.send(self.number, number)


def test_what_one_call_sent_is_processed_whole_though_it_takes_several_turns() -> None:
    text = """
version: 1
inputs: [start]
outputs: [pair]
nodes:
  burst: {calculator: PlainBurstCalculator, inputs: {start: start}, outputs: {number: number}}
  one: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: left}}
  two: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: right}}
  join: {calculator: PairCalculator, inputs: {left: left, right: right}, outputs: {pair: pair}}
"""

    async def scenario() -> list[Any]:
        values: list[Any] = []
        registry = Registry.of(PlainBurstCalculator, PassCalculator, PairCalculator)
        async with Graph(load_graph_text(text, registry=registry)) as graph, asyncio.timeout(10):
            run = graph.run()
            run.observe("pair", lambda packet: values.append(packet.value))
            await run.send("start", 0)
            assert len(values) == 100  # before anything else happens
            run.close_inputs()
            await run.wait()
        return values

    assert asyncio.run(scenario()) == [(number, number) for number in range(100)]


def test_a_reader_that_closes_ends_the_nodes_above_it() -> None:
    async def scenario() -> list[Any]:
        log: list[Any] = []
        nodes = "  one: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: result}}\n"
        graph = Graph(load_graph_text(COUNT + nodes, registry=Registry.of(CountUpCalculator, PassCalculator)))
        await graph.open({"log": log})
        async with graph, asyncio.timeout(10), graph.run() as run:
            reader = run.read("result")
            await run.send("start", 0)
            await anext(reader)
            reader.close()
        return log

    assert asyncio.run(scenario())[-2:] == ["abandoned", "closed"]


def test_a_reader_that_does_not_read_holds_the_producer_up_after_a_bounded_number() -> None:
    async def scenario() -> tuple[int, int, int]:
        log: list[Any] = []
        nodes = "  one: {calculator: PassCalculator, inputs: {inward: number}, outputs: {outward: result}}\n"
        graph = Graph(load_graph_text(COUNT + nodes, registry=Registry.of(CountUpCalculator, PassCalculator)))
        await graph.open({"log": log})
        async with graph, asyncio.timeout(10):
            run = graph.run()
            reader = run.read("result")
            await run.send("start", 0)
            for _ in range(50):
                await asyncio.sleep(0)
            before = len(log)
            taken = len(reader.take())
            for _ in range(50):
                await asyncio.sleep(0)
            after = len(log)
            run.cancel()
            return before, taken, after
        raise AssertionError

    before, taken, after = asyncio.run(scenario())
    assert taken == 4
    assert before == 8  # four in the reader's queue, four before the node between
    assert after == before + taken


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


JOIN = """
version: 1
inputs: [left, right]
outputs: [pair]
max_queue_size: 2
nodes:
  pass: {calculator: PassCalculator, inputs: {inward: left}, outputs: {outward: passed}}
  join: {calculator: PairCalculator, inputs: {left: passed, right: right}, outputs: {pair: pair}}
"""


def test_a_join_that_found_nothing_to_do_still_fills_no_queue_beyond_its_limit() -> None:
    async def scenario() -> list[Any]:
        text = JOIN.replace("size: 2", "size: 4")
        async with Graph(
            load_graph_text(text, registry=Registry.of(PassCalculator, PairCalculator))
        ) as graph:
            run = graph.run()
            reader = run.read("pair")
            for number in range(3):
                await run.send("left", number)
                await run.send("right", number)
            for number in range(3, 7):
                await run.send("left", number)  # wakes the join, which waits for the other side
            run.set_bound("right", 7)
            first = reader.take()
            run.close_inputs()
            await run.wait()
            assert len(first) == 4
            return [packet.value for packet in (*first, *reader.take())]

    pairs = asyncio.run(scenario())
    assert pairs == [*((number, number) for number in range(3)), *((number, None) for number in range(3, 7))]


class UnevenCalculator(Calculator):
    """Sends three packets on one output and two on the other."""

    start = Input[int]()
    three = Output[int](streaming=True)
    two = Output[int](streaming=True)

    def process(self, cx: Context) -> None:
        for number in range(3):
            cx.send(self.three, number)
        for number in range(2):
            cx.send(self.two, number)


def test_a_node_with_two_full_outputs_goes_on_when_both_have_room_again() -> None:
    text = """
version: 1
inputs: [start]
outputs: [three, two]
max_queue_size: 2
nodes:
  uneven: {calculator: UnevenCalculator, inputs: {start: start}, outputs: {three: three, two: two}}
"""

    async def scenario() -> tuple[int, int]:
        async with Graph(load_graph_text(text, registry=Registry.of(UnevenCalculator))) as graph:
            run = graph.run()
            threes, twos = run.read("three"), run.read("two")  # one beyond its limit, one just at it
            await run.send("start", 0)
            await run.send("start", 1)
            run.close_inputs()
            counts = len(threes.take()), len(twos.take())
            await run.wait()
            return counts[0] + len(threes.take()), counts[1] + len(twos.take())

    assert asyncio.run(scenario()) == (6, 4)


def test_a_queue_grows_when_everything_waits_for_an_input_that_is_silent() -> None:
    async def scenario() -> list[Any]:
        values: list[Any] = []
        graph = Graph(load_graph_text(JOIN, registry=Registry.of(PassCalculator, PairCalculator)))
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("pair", lambda packet: values.append(packet.value))
            for number in range(1, 10):
                await run.send("left", number, at=number)
            assert values == []
            await run.send("right", 0, at=30)
        return values

    assert asyncio.run(scenario()) == [*((number, None) for number in range(1, 10)), (None, 0)]


def test_a_queue_that_has_grown_to_its_cap_fails_the_run_and_is_named() -> None:
    async def scenario() -> None:
        graph = Graph(load_graph_text(JOIN, registry=Registry.of(PassCalculator, PairCalculator)))
        async with graph, asyncio.timeout(10), graph.run() as run:
            for number in range(1000):
                await run.send("left", number)

    with pytest.raises(RunError, match="the queue of stream 'passed' before join has grown to 32 packets"):
        asyncio.run(scenario())


def test_a_graph_that_reports_deadlocks_fails_with_the_first_queue_that_could_only_grow() -> None:
    async def scenario() -> int:
        accepted = 0
        text = JOIN.replace("version: 1", "version: 1\nreport_deadlock: true")
        async with Graph(
            load_graph_text(text, registry=Registry.of(PassCalculator, PairCalculator))
        ) as graph:
            run = graph.run()
            with pytest.raises(RunError) as caught:
                for number in range(1000):
                    await run.send("left", number)
                    accepted += 1
        message = str(caught.value)
        assert "deadlock: the queue of stream 'passed' before join is full with 2 packets" in message
        assert "node 'join' with 2 packets from 0 on 'left' waits for input 'right'" in message
        assert caught.value.node == "join"
        return accepted

    assert asyncio.run(scenario()) == 2


def test_a_full_queue_is_no_deadlock_while_a_reader_has_yet_to_read() -> None:
    async def scenario() -> list[Any]:
        text = JOIN.replace("version: 1", "version: 1\nreport_deadlock: true")
        async with Graph(
            load_graph_text(text, registry=Registry.of(PassCalculator, PairCalculator))
        ) as graph:
            run = graph.run()
            reader = run.read("pair")
            for number in range(3):
                await run.send("left", number)
                await run.send("right", number)
            run.close_inputs()
            values = [packet.value async for packet in reader]
            await run.wait()
            return values

    assert asyncio.run(scenario()) == [(number, number) for number in range(3)]


def test_a_long_chain_of_work_lets_the_event_loop_have_its_turn() -> None:
    """The pump yields after a bounded number of drains, so another task runs in between."""

    async def scenario() -> int:
        names = [f"s{i}" for i in range(1001)]
        nodes = "".join(
            f"  n{i}: {{calculator: PassCalculator, inputs: {{inward: {a}}}, outputs: {{outward: {b}}}}}\n"
            for i, (a, b) in enumerate(pairwise(names))
        )
        text = f"version: 1\ninputs: [s0]\noutputs: [s1000]\nnodes:\n{nodes}"
        graph = Graph(load_graph_text(text, registry=Registry.of(PassCalculator)))
        turns = 0
        over = False

        async def other() -> None:
            nonlocal turns
            while not over:
                turns += 1
                await asyncio.sleep(0)

        async with graph:
            run = graph.run()
            reader = run.read("s1000")
            task = asyncio.create_task(other())
            await asyncio.sleep(0)
            before = turns
            await run.send("s0", 1)
            await anext(reader)
            over = True
            during = turns - before
            run.close_inputs()
            await run.wait()
            await task
            return during

    assert asyncio.run(scenario()) >= 4


def test_a_node_that_reads_a_stream_on_two_ports_may_be_done_with_one_of_them() -> None:
    class OnceCalculator(Calculator):
        left = Input[int]()
        right = Input[int]()
        pair = Output[tuple[int | None, int | None]]()

        def process(self, cx: Context) -> None:
            cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))
            cx.done(self.left)

    text = """
version: 1
inputs: [number]
outputs: [pair]
nodes:
  once: {calculator: OnceCalculator, inputs: {left: number, right: number}, outputs: {pair: pair}}
"""

    async def scenario() -> list[Any]:
        values: list[Any] = []
        graph = Graph(load_graph_text(text, registry=Registry.of(OnceCalculator)))
        async with graph, graph.run() as run:
            run.observe("pair", lambda packet: values.append(packet.value))
            for number in range(3):
                await run.send("number", number)
        return values

    assert asyncio.run(scenario()) == [(0, 0), (None, 1), (None, 2)]


def test_a_node_that_is_done_in_open_ends_at_once() -> None:
    class ClosedCalculator(PassCalculator):
        def open(self, cx: Context) -> None:
            cx.done(self.inward)

    text = """
version: 1
inputs: [number]
outputs: [result]
nodes:
  one: {calculator: ClosedCalculator, inputs: {inward: number}, outputs: {outward: result}}
"""

    async def scenario() -> None:
        graph = Graph(load_graph_text(text, registry=Registry.of(ClosedCalculator)))
        async with graph:
            run = graph.run()
            run.start()
            await asyncio.sleep(0)
            assert run.stopped  # though the input is still open

    asyncio.run(scenario())


def test_only_an_async_call_can_wait_for_room() -> None:
    class PlainDrainCalculator(PassCalculator):
        def process(self, cx: Context) -> None:
            waiting = cx.drain()
            waiting.send(None)  # a plain call has no other way to run a coroutine

    nodes = (
        "  one: {calculator: PlainDrainCalculator, inputs: {inward: number}, outputs: {outward: result}}\n"
    )
    with pytest.raises(RunError, match="only an async call can wait for room"):
        asyncio.run(run_count(nodes, PlainDrainCalculator))
