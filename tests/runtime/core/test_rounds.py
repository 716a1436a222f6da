"""How a run with a loop ends: when nothing is in flight any more, or by what its nodes do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.graph.plan import Plan, PolicyPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from tests.runtime.plans import node, plan


class AddCalculator(Calculator):
    """Adds what came round to a number; what comes round alone is dropped."""

    number = Input[int]()
    loop = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        if self.number in cx:
            cx.send(self.sum, cx[self.number] + (cx.get(self.loop) or 0))


class EagerCalculator(AddCalculator):
    """Sends what comes round alone on, too."""

    def process(self, cx: Context) -> None:
        cx.send(self.sum, (cx.get(self.number) or 0) + (cx.get(self.loop) or 0))


class NextCalculator(Calculator):
    """Brings a sum to the next timestamp; sends the first itself."""

    inward = Input[int]()
    outward = Output[int]()

    def open(self, cx: Context) -> None:
        cx.send(self.outward, 0, at=0)

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward], at=cx.timestamp + 1)


class BoundCalculator(NextCalculator):
    """Settles its output ahead, so that bounds alone go round for ever."""

    timestamp_offset = 1


class AsyncNextCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    async def open(self, cx: Context) -> None:
        cx.send(self.outward, 0, at=0)

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx.send(self.outward, cx[self.inward], at=cx.timestamp + 1)


class LastWordsCalculator(NextCalculator):
    """Sends once more at its close, when nobody waits for it."""

    def close(self, cx: Context) -> None:
        cx.send(self.outward, 99, at=99)


class CountedCalculator(EagerCalculator):
    """Goes round five times by itself, as an agent does until it has an answer."""

    def process(self, cx: Context) -> None:
        if cx.timestamp < 8:
            super().process(cx)


def loop(add: type[Calculator], back: type[Calculator], policy: str = "default") -> Plan:
    return plan(
        node(
            "add",
            add,
            {"number": "number", "loop": "fed"},
            {"sum": "sum"},
            back_edges=frozenset({1}),
            policy=PolicyPlan(policy),
        ),
        node("back", back, {"inward": "sum"}, {"outward": "fed"}),
        inputs=("number",),
    )


async def sums_of(graph_plan: Plan, *numbers: int) -> list[int]:
    sums: list[Any] = []
    async with asyncio.timeout(20), Graph(graph_plan) as graph, graph.run() as run:
        run.observe("sum", lambda packet: sums.append(packet.value))
        for number in numbers:
            await run.send("number", number)
    return sums


@pytest.mark.parametrize("back", [NextCalculator, BoundCalculator, AsyncNextCalculator, LastWordsCalculator])
@pytest.mark.parametrize("policy", ["default", "early_close"])
def test_a_loop_that_was_primed_ends_when_its_inputs_have_ended_and_nothing_is_in_flight(
    back: type[Calculator], policy: str
) -> None:
    assert asyncio.run(sums_of(loop(AddCalculator, back, policy), 1, 2, 3)) == [1, 3, 6]
    assert asyncio.run(sums_of(loop(AddCalculator, back, policy))) == []


@pytest.mark.parametrize("back", [NextCalculator, AsyncNextCalculator])
def test_a_loop_goes_round_after_its_inputs_have_ended_as_long_as_its_nodes_send(
    back: type[Calculator],
) -> None:
    assert asyncio.run(sums_of(loop(CountedCalculator, back), 1, 2, 3)) == [1, 3, 6, 6, 6, 6, 6, 6]


@pytest.mark.parametrize("back", [NextCalculator, AsyncNextCalculator])
def test_of_one_that_goes_round_for_ever_the_log_says_once_how_it_would_end(
    back: type[Calculator], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with asyncio.timeout(60), Graph(loop(EagerCalculator, back)) as graph:
            run = graph.run()
            await run.send("number", 1)
            run.close_inputs()
            while not caplog.records:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            run.cancel()
            await run.over()

    asyncio.run(scenario())
    (record,) = caplog.records
    assert record.getMessage() == (
        "test:add: the inputs have ended, but packets go on round the loop through input 'loop' of node 'add'; "
        "the run ends when a node of the loop sends nothing more, or, with `input_policy: early_close` at node "
        "'add', with the first of its inputs"
    )


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


def test_a_packet_that_waits_for_what_the_loop_might_send_is_processed_when_the_loop_has_ended() -> None:
    graph_plan = plan(
        node(
            "add",
            AddCalculator,
            {"number": "number", "loop": "fed"},
            {"sum": "sum"},
            back_edges=frozenset({1}),
        ),
        node("back", NextCalculator, {"inward": "sum"}, {"outward": "fed"}),
        node("pair", PairCalculator, {"left": "late", "right": "fed"}, {"pair": "pairs"}),
        inputs=("number", "late"),
    )

    async def scenario() -> list[Any]:
        pairs: list[Any] = []
        async with asyncio.timeout(20), Graph(graph_plan) as graph, graph.run() as run:
            run.observe("pairs", lambda packet: pairs.append(packet.value))
            await run.send("number", 1)
            await run.send("late", 7, at=5)
        return pairs

    assert asyncio.run(scenario()) == [(None, 0), (None, 1), (7, None)]


class SilentCalculator(NextCalculator):
    def open(self, cx: Context) -> None:
        """Primes nothing."""


def test_a_loop_that_nobody_primes_is_still_found_when_packets_wait_for_it() -> None:
    with pytest.raises(
        RunError, match="the run can go no further: test:add: node 'add' with 1 packets from 0"
    ):
        asyncio.run(sums_of(loop(AddCalculator, SilentCalculator), 1))
