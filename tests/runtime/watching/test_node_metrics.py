"""What a graph's nodes have done, over all runs."""

from __future__ import annotations

import asyncio
import time

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunCancelled
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph, NodeMetrics
from tests.runtime.plans import node, plan


class BusyCalculator(Calculator):
    """Works for two milliseconds."""

    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        end = time.perf_counter() + 0.002
        while time.perf_counter() < end:
            pass
        cx.send(self.outward, cx[self.inward])


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()

    def process(self, cx: Context) -> None:
        pass


class LettersCalculator(Calculator):
    word = Input[str]()
    letter = Output[str](streaming=True)

    def open(self, cx: Context) -> None:
        """Is no call of process."""

    async def process(self, cx: Context) -> None:
        for letter in cx[self.word]:
            cx.send(self.letter, letter)
            await cx.drain()


def test_calls_packets_and_seconds_are_summed_over_runs() -> None:
    graph = Graph(
        plan(
            node("busy", BusyCalculator, {"inward": "number"}, {"outward": "same"}),
            node("pair", PairCalculator, {"left": "same", "right": "number"}),
            inputs=("number",),
        )
    )

    async def scenario() -> None:
        async with graph, asyncio.timeout(10):
            graph.count_nodes()
            for _ in range(2):
                async with graph.run() as run:
                    await run.send("number", 1)
                    await run.send("number", 2)

    asyncio.run(scenario())
    metrics = graph.node_metrics()
    assert list(metrics) == ["busy", "pair"]
    assert (metrics["busy"].calls, metrics["busy"].packets) == (4, 4)
    assert (metrics["pair"].calls, metrics["pair"].packets) == (4, 8)
    assert 0.008 <= metrics["busy"].seconds < 1
    assert metrics["pair"].seconds < 0.004
    assert metrics["busy"].waits == 0


def test_the_deepest_queue_is_the_most_that_ever_waited() -> None:
    graph = Graph(
        plan(node("pair", PairCalculator, {"left": "a", "right": "b"}), inputs=("a", "b")),
    )

    async def scenario() -> None:
        async with graph, asyncio.timeout(10):
            graph.count_nodes()
            async with graph.run() as run:
                for number in range(5):
                    await run.send("a", number)
                await run.send("b", 0, at=9)

    asyncio.run(scenario())
    assert graph.node_metrics()["pair"].deepest_queue == 5


def test_a_wait_for_room_is_counted_with_its_time() -> None:
    graph = Graph(
        plan(
            node("letters", LettersCalculator, {"word": "word"}, {"letter": "letters"}),
            inputs=("word",),
            max_queue_size=2,
        )
    )

    async def scenario() -> None:
        async with graph, asyncio.timeout(10):
            graph.count_nodes()
            async with graph.run() as run:
                reader = run.read("letters")
                await run.send("word", "abcd")
                assert (await anext(reader)).value == "a"
                await asyncio.sleep(0.02)
                run.close_inputs()
                assert [packet.value async for packet in reader] == ["b", "c", "d"]

    asyncio.run(scenario())
    metrics = graph.node_metrics()["letters"]
    assert metrics.calls == 1
    assert 2 <= metrics.waits <= 4
    assert 0.015 <= metrics.waited_seconds <= metrics.seconds + 0.015


def test_nothing_is_counted_before_it_was_asked_for() -> None:
    graph = Graph(plan(node("pair", PairCalculator, {"left": "a", "right": "b"}), inputs=("a", "b")))

    async def scenario() -> None:
        async with graph, asyncio.timeout(10):
            async with graph.run() as run:
                await run.send("a", 1)
            assert graph.node_metrics() == {}
            graph.count_nodes()
            assert graph.node_metrics() == {"pair": NodeMetrics()}
            async with graph.run() as run:
                await run.send("a", 1)
            graph.count_nodes()
            assert graph.node_metrics()["pair"].calls == 1

    asyncio.run(scenario())


def test_calls_on_several_threads_are_all_counted() -> None:
    class QuickCalculator(BusyCalculator):
        def process(self, cx: Context) -> None:
            cx.send(self.outward, cx[self.inward])

    graph = Graph(
        plan(
            node(
                "quick",
                QuickCalculator,
                {"inward": "number"},
                {"outward": "same"},
                executor="pool",
                max_in_flight=4,
            ),
            inputs=("number",),
            threads={"pool": 4},
        )
    )

    async def scenario() -> None:
        async with graph, asyncio.timeout(30):
            graph.count_nodes()
            async with graph.run() as run:
                for number in range(300):
                    await run.send("number", number)

    asyncio.run(scenario())
    assert graph.node_metrics()["quick"].packets == 300


def test_a_wait_that_ends_with_its_run_is_counted() -> None:
    graph = Graph(
        plan(
            node("letters", LettersCalculator, {"word": "word"}, {"letter": "letters"}),
            inputs=("word",),
            max_queue_size=2,
        )
    )

    async def scenario() -> None:
        async with graph, asyncio.timeout(10):
            graph.count_nodes()
            run = graph.run()
            run.read("letters")
            await run.send("word", "abcd")
            await asyncio.sleep(0.02)
            run.cancel()
            with pytest.raises(RunCancelled):
                await run.wait()

    asyncio.run(scenario())
    assert graph.node_metrics()["letters"].waits == 1
    assert graph.node_metrics()["letters"].waited_seconds >= 0.01
