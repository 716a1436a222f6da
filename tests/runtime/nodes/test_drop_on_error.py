"""Nodes whose errors cost a timestamp only, and queues that drop or refuse."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import QueueFullError, RunError
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from tests.runtime.plans import Overflow, node, plan


class PickyCalculator(Calculator):
    """Fails on odd numbers, after it has sent something."""

    number = Input[int]()
    early = Output[int]()
    late = Output[int]()

    def process(self, cx: Context) -> None:
        number = cx[self.number]
        cx.send(self.early, number)
        if number % 2:
            raise ValueError(f"{number} is odd")
        cx.send(self.late, number)


class AsyncPickyCalculator(Calculator):
    number = Input[int]()
    early = Output[int]()
    late = Output[int]()

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        number = cx[self.number]
        if number % 2:
            raise ValueError(f"{number} is odd")
        cx.send(self.early, number)
        cx.send(self.late, number)


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


def picky(calculator: type[Calculator], **settings: Any) -> Plan:
    return plan(
        node(
            "picky",
            calculator,
            {"number": "in"},
            {"early": "early", "late": "late"},
            on_error="drop",
            **settings,
        ),
        node("join", PairCalculator, {"left": "in", "right": "early"}, {"pair": "pair"}),
        inputs=("in",),
        threads={"slow": 1},
    )


@pytest.mark.parametrize(
    "graph_plan",
    [
        picky(PickyCalculator),
        picky(PickyCalculator, executor="slow"),
        picky(AsyncPickyCalculator),
        picky(AsyncPickyCalculator, max_in_flight=3),
    ],
    ids=["plain", "thread", "async", "side by side"],
)
def test_a_failed_call_drops_its_timestamp_whole_and_the_run_goes_on(graph_plan: Plan) -> None:
    async def scenario() -> tuple[list[Any], list[str]]:
        pairs: list[Any] = []
        errors: list[str] = []
        async with Graph(graph_plan) as graph, asyncio.timeout(20), graph.run() as run:
            run.observe("pair", lambda packet: pairs.append(packet.value))
            run.observe_errors(lambda error: errors.append(f"{error.timestamp}: {error.__cause__}"))
            for number in range(4):
                await run.send("in", number)
        return pairs, errors

    pairs, errors = asyncio.run(scenario())
    assert pairs == [(0, 0), (1, None), (2, 2), (3, None)]
    assert errors == ["1: 1 is odd", "3: 3 is odd"]


def test_an_error_that_nobody_observes_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Graph(picky(PickyCalculator)) as graph, graph.run() as run:
            await run.send("in", 1)

    with caplog.at_level(logging.WARNING):
        asyncio.run(scenario())
    assert (
        "node 'picky' (PickyCalculator) failed in process at timestamp 0: ValueError: 1 is odd" in caplog.text
    )


class BurstCalculator(Calculator):
    start = Input[int]()
    number = Output[int](streaming=True)

    def process(self, cx: Context) -> None:
        for number in range(cx[self.start]):
            cx.send(self.number, number)


def burst(overflow: Overflow) -> Plan:
    return plan(
        node("burst", BurstCalculator, {"start": "in"}, {"number": "number"}),
        node("join", PairCalculator, {"left": "number", "right": "held"}, {"pair": "pair"}),
        inputs=("in", "held"),
        max_queue_size=3,
        overflow={"number": overflow},
    )


def test_a_full_queue_drops_its_oldest_packet_where_the_graph_says_so() -> None:
    async def scenario() -> list[Any]:
        pairs: list[Any] = []
        async with Graph(burst("drop_oldest")) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("pair", lambda packet: pairs.append(packet.value))
            await run.send("in", 10)
        return pairs

    assert asyncio.run(scenario()) == [(7, None), (8, None), (9, None)]


def test_a_full_queue_fails_the_run_where_the_graph_says_so() -> None:
    async def scenario() -> None:
        async with Graph(burst("error")) as graph, asyncio.timeout(10), graph.run() as run:
            await run.send("in", 10)

    with pytest.raises(
        RunError, match=r"node 'burst' .*a queue of stream 'number' is full \(3 packets, overflow: error\)"
    ) as raised:
        asyncio.run(scenario())
    assert isinstance(raised.value.__cause__, QueueFullError)
