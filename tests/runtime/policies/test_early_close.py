"""The early_close input policy: the default one, until the first input ends."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import Abandoned
from ovpipe.graph.plan import PolicyPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from ovpipe.runtime.policies.early_close import EarlyCloseInputPolicy
from ovpipe.timestamp import DONE, ONE_OVER_POST_STREAM
from tests.runtime.plans import node, plan
from tests.runtime.policies.by_hand import ByHand


def test_inputs_wait_for_each_other() -> None:
    inputs = ByHand(EarlyCloseInputPolicy, "a", "b")
    inputs.send("a", 1)
    assert inputs.take() is None
    inputs.send("b", 2)
    assert inputs.take() == (1, {"a": "a1"})
    assert inputs.policy.bound() == 2


def test_it_ends_when_nothing_waits_in_an_input_that_has_ended() -> None:
    inputs = ByHand(EarlyCloseInputPolicy, "a", "b")
    inputs.send("a", 1)
    inputs.end("a")
    assert inputs.policy.bound() < ONE_OVER_POST_STREAM
    inputs.send("b", 1)
    inputs.send("b", 2)
    assert inputs.take() == (1, {"a": "a1", "b": "b1"})
    assert inputs.policy.bound() == DONE
    assert inputs.take() is None  # b2 could be processed, but the node is to close


def test_with_bounds_it_sees_them_as_the_default_policy_does() -> None:
    inputs = ByHand(partial(EarlyCloseInputPolicy, process_timestamp_bounds=True), "a", "b")
    inputs.settle("a", 4)
    inputs.settle("b", 6)
    assert inputs.take_all() == [(3, {})]


class SumCalculator(Calculator):
    """Adds each number to the sum so far, which comes back over a back edge."""

    number = Input[int]()
    before = Input[int]()
    after = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.after, (cx.get(self.number) or 0) + (cx.get(self.before) or 0))


class DelayCalculator(Calculator):
    """Sends each value a timestamp later, and 0 first."""

    inward = Input[int]()
    outward = Output[int]()
    timestamp_offset = 1

    def open(self, cx: Context) -> None:
        cx.send(self.outward, 0, at=0)

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward], at=cx.timestamp + 1)


def test_a_cycle_makes_running_sums_and_ends() -> None:
    """Behaviour 35."""
    graph_plan = plan(
        node(
            "sum",
            SumCalculator,
            {"number": "number", "before": "before"},
            {"after": "after"},
            policy=PolicyPlan("early_close"),
            back_edges=frozenset({1}),
        ),
        node("delay", DelayCalculator, {"inward": "after"}, {"outward": "before"}),
        inputs=("number",),
    )

    async def scenario() -> list[int]:
        sums: list[int] = []
        async with Graph(graph_plan) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("after", lambda packet: sums.append(packet.value))
            for at, number in enumerate([1, 2, 3, 4, 5]):
                await run.send("number", number, at=at)
        return sums

    assert asyncio.run(scenario()) == [1, 3, 6, 10, 15]


class PairCalculator(Calculator):
    """Sends what its inputs have."""

    left = Input[Any]()
    right = Input[Any]()
    pair = Output[Any]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


def test_a_node_that_closes_before_its_inputs_holds_nobody_up() -> None:
    graph_plan = plan(
        node(
            "pair",
            PairCalculator,
            {"left": "one", "right": "two"},
            {"pair": "pairs"},
            policy=PolicyPlan("early_close"),
        ),
        inputs=("one", "two"),
        max_queue_size=2,
    )

    async def scenario() -> tuple[list[Any], bool]:
        pairs: list[Any] = []
        refused = False
        async with Graph(graph_plan) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("pairs", lambda packet: pairs.append(packet.value))
            await run.send("two", "a", at=0)
            run.close_input("one")
            try:
                for at in range(1, 100):
                    await run.send("two", "b", at=at)
            except Abandoned:
                refused = True
        return pairs, refused

    assert asyncio.run(scenario()) == ([], True)
