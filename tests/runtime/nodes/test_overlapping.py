"""Calls on threads and calls side by side: outputs in order, one calculator never torn."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import DeclarationError, RunCancelled, RunError
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.timestamp import Timestamp
from tests.runtime.plans import node, plan


class ThreadNameCalculator(Calculator):
    number = Input[int]()
    name = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.name, threading.current_thread().name)


class ShuffleCalculator(Calculator):
    """Takes as many turns of the loop as its input says, drops every fourth, and counts who is inside."""

    turns = Input[int]()
    done = Output[int]()
    log = SideInput[list[int]]()

    def __init__(self) -> None:
        self.inside = 0

    async def process(self, cx: Context) -> None:
        self.inside += 1
        cx[self.log].append(self.inside)
        for _ in range(cx[self.turns]):
            await asyncio.sleep(0)
        if int(cx.timestamp) % 4 != 3:
            cx.send(self.done, int(cx.timestamp))
        self.inside -= 1


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


async def outputs(graph_plan: Plan, stream: str, values: list[Any], **side: Any) -> list[Any]:
    seen: list[Any] = []
    graph = Graph(graph_plan)
    await graph.open(side)
    async with graph, asyncio.timeout(20), graph.run() as run:
        run.observe(stream, lambda packet: seen.append(packet.value))
        for value in values:
            await run.send("in", value)
    return seen


def test_a_plain_process_runs_on_its_nodes_executor() -> None:
    graph = plan(
        node("name", ThreadNameCalculator, {"number": "in"}, {"name": "out"}, executor="slow"),
        inputs=("in",),
        threads={"slow": 2},
    )
    names = asyncio.run(outputs(graph, "out", [1, 2, 3]))
    assert len(names) == 3
    assert all(name.startswith("test.slow_") for name in names)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=40), st.integers(1, 6), st.integers(1, 5))
def test_calls_side_by_side_send_in_order_and_a_join_below_sees_every_timestamp(
    turns: list[int], max_in_flight: int, max_queue_size: int
) -> None:
    graph = plan(
        node(
            "shuffle",
            ShuffleCalculator,
            {"turns": "in"},
            {"done": "done"},
            side={"log": "log"},
            max_in_flight=max_in_flight,
        ),
        node("join", PairCalculator, {"left": "in", "right": "done"}, {"pair": "pair"}),
        inputs=("in",),
        max_queue_size=max_queue_size,
    )
    log: list[int] = []
    pairs = asyncio.run(outputs(graph, "pair", turns, log=log))
    assert pairs == [(value, None if at % 4 == 3 else at) for at, value in enumerate(turns)]
    assert max(log) <= max_in_flight


def test_as_many_calls_as_allowed_are_under_way_at_once() -> None:
    graph = plan(
        node(
            "shuffle",
            ShuffleCalculator,
            {"turns": "in"},
            {"done": "done"},
            side={"log": "log"},
            max_in_flight=5,
        ),
        inputs=("in",),
    )
    log: list[int] = []
    asyncio.run(outputs(graph, "done", [20] * 50, log=log))
    assert max(log) == 5


def test_two_chained_nodes_with_calls_side_by_side_keep_the_order_in_every_run() -> None:
    """No. 38: 100 inputs, every fourth dropped: 75 outputs in order, in two runs."""

    class PassOnCalculator(Calculator):
        turns = Input[int]()
        done = Output[int]()

        async def process(self, cx: Context) -> None:
            for _ in range(int(cx.timestamp) * 7 % 5):
                await asyncio.sleep(0)
            cx.send(self.done, cx[self.turns])

    graph_plan = plan(
        node(
            "one",
            ShuffleCalculator,
            {"turns": "in"},
            {"done": "between"},
            side={"log": "log"},
            max_in_flight=5,
        ),
        node("two", PassOnCalculator, {"turns": "between"}, {"done": "out"}, max_in_flight=5),
        inputs=("in",),
    )
    for _ in range(2):
        numbers = asyncio.run(outputs(graph_plan, "out", [number % 3 for number in range(100)], log=[]))
        assert numbers == [number for number in range(100) if number % 4 != 3]


def test_a_failed_call_ends_the_run_at_its_timestamp_and_the_calls_before_it_are_seen() -> None:
    class FailSixCalculator(ShuffleCalculator):
        async def process(self, cx: Context) -> None:
            if cx.timestamp == 6:
                raise ValueError("six")
            await asyncio.sleep(0)
            cx.send(self.done, int(cx.timestamp))

    graph_plan = plan(
        node(
            "fail", FailSixCalculator, {"turns": "in"}, {"done": "out"}, side={"log": "log"}, max_in_flight=4
        ),
        inputs=("in",),
    )
    seen: list[int] = []

    async def scenario() -> None:
        graph = Graph(graph_plan)
        await graph.open({"log": []})
        async with graph, asyncio.timeout(20), graph.run() as run:
            run.observe("out", lambda packet: seen.append(packet.value))
            for value in range(20):
                await run.send("in", value)

    with pytest.raises(
        RunError, match=r"node 'fail' \(FailSixCalculator\) failed in process at timestamp 6: ValueError: six"
    ):
        asyncio.run(scenario())
    assert seen == [0, 1, 2, 3, 4, 5]


def test_a_cancelled_run_waits_for_its_thread_before_the_calculator_closes() -> None:
    entered = threading.Event()
    leave = threading.Event()
    order: list[str] = []

    class HoldCalculator(Calculator):
        number = Input[int]()
        out = Output[int]()

        def process(self, cx: Context) -> None:
            entered.set()
            assert leave.wait(10)
            order.append("left")

        def close(self, cx: Context) -> None:
            order.append("closed")

    graph_plan = plan(
        node("hold", HoldCalculator, {"number": "in"}, {"out": "out"}, executor="slow"),
        inputs=("in",),
        threads={"slow": 1},
    )

    async def scenario() -> None:
        async with Graph(graph_plan) as graph, asyncio.timeout(20):
            run = graph.run()
            await run.send("in", 1)
            await asyncio.to_thread(entered.wait, 10)
            run.cancel()
            waiting = asyncio.ensure_future(run.wait())
            for _ in range(5):
                await asyncio.sleep(0)
            assert order == []
            leave.set()
            with pytest.raises(RunCancelled):
                await waiting

    asyncio.run(scenario())
    assert order == ["left", "closed"]


def test_what_a_thread_says_with_done_reaches_the_producer() -> None:
    class FirstCalculator(Calculator):
        number = Input[int]()
        out = Output[int]()

        def process(self, cx: Context) -> None:
            cx.send(self.out, cx[self.number])
            cx.done(self.number)

    graph_plan = plan(
        node("first", FirstCalculator, {"number": "in"}, {"out": "out"}, executor="slow"),
        inputs=("in",),
        threads={"slow": 1},
    )

    async def scenario() -> None:
        async with Graph(graph_plan) as graph, asyncio.timeout(20):
            run = graph.run()
            await run.send("in", 1)
            await run.wait()  # the input is still open

    asyncio.run(scenario())


class TwoLooksCalculator(Calculator):
    """Looks at its inputs' bounds when a call begins, and again when it is let on."""

    began = SideInput[threading.Event]()
    let_on = SideInput[threading.Event]()
    left = Input[int]()
    right = Input[int]()
    unwired = Input[int](optional=True)
    bounds = Output[list[int]]()

    def process(self, cx: Context) -> None:
        bounds = [int(cx.bound(self.left)), int(cx.bound(self.right))]
        cx[self.began].set()
        cx[self.let_on].wait(10)
        bounds += [int(cx.bound(self.left)), int(cx.bound(self.right))]
        assert cx.bound(self.unwired) == Timestamp.DONE
        cx.send(self.bounds, bounds)


def test_the_bounds_that_a_call_on_a_thread_sees_are_those_of_its_start() -> None:
    graph_plan = plan(
        node(
            "looks",
            TwoLooksCalculator,
            {"left": "left", "right": "right"},
            {"bounds": "bounds"},
            side={"began": "began", "let_on": "let_on"},
            executor="slow",
        ),
        inputs=("left", "right"),
        threads={"slow": 1},
    )

    async def scenario() -> list[Any]:
        seen: list[Any] = []
        began, let_on = threading.Event(), threading.Event()
        graph = Graph(graph_plan)
        await graph.open({"began": began, "let_on": let_on})
        async with graph, asyncio.timeout(20), graph.run() as run:
            run.observe("bounds", lambda packet: seen.append(packet.value))
            await run.send("left", 1, at=1)
            await run.send("left", 3, at=3)
            run.set_bound("right", 2)
            await asyncio.to_thread(began.wait, 10)
            run.set_bound("right", 30)  # the run goes on beside the call
            let_on.set()
        return seen

    assert asyncio.run(scenario())[0] == [3, 2, 3, 2]


def test_an_async_process_cannot_be_put_on_threads() -> None:
    graph_plan = plan(
        node(
            "shuffle",
            ShuffleCalculator,
            {"turns": "in"},
            {"done": "out"},
            side={"log": "log"},
            executor="slow",
        ),
        inputs=("in",),
        threads={"slow": 1},
    )
    with pytest.raises(
        DeclarationError, match="ShuffleCalculator.process is async and runs on the event loop"
    ):
        Graph(graph_plan)
