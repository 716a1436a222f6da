"""The immediate input policy: each input a sync set of its own."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.graph.plan import Plan, PolicyPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from ovpipe.runtime.policies.immediate import ImmediateInputPolicy
from ovpipe.timestamp import DONE, LAST_ORDINARY, PRE_STREAM
from tests.runtime.plans import node, plan
from tests.runtime.policies.by_hand import ByHand

SEEING_BOUNDS = partial(ImmediateInputPolicy, process_timestamp_bounds=True)


def test_no_input_waits_for_another() -> None:
    inputs = ByHand(ImmediateInputPolicy, "a", "b", "c")
    assert inputs.take() is None
    inputs.send("a", 10)
    assert inputs.take_all() == [(10, {"a": "a10"})]
    inputs.send("b", 5)
    assert inputs.take_all() == [(5, {"b": "b5"})]


def test_what_waits_is_taken_in_the_order_of_timestamps() -> None:
    """Behaviour 23."""
    inputs = ByHand(SEEING_BOUNDS, "a", "b", "c")
    inputs.send("a", 1)
    inputs.send("b", 2)
    inputs.send("c", 3)
    assert inputs.take() == (1, {"a": "a1"})
    for name in ("a", "b", "c"):
        inputs.send(name, 5)
    assert inputs.take() == (2, {"b": "b2"})
    assert inputs.take() == (3, {"c": "c3"})
    assert inputs.take() == (5, {"a": "a5", "b": "b5", "c": "c5"})
    assert inputs.take() is None
    inputs.end("a", "b", "c")
    assert inputs.policy.bound() == LAST_ORDINARY
    assert inputs.take() == (LAST_ORDINARY, {})
    assert inputs.take() is None
    assert inputs.policy.bound() == DONE


def test_with_bounds_each_end_is_seen_at_max() -> None:
    inputs = ByHand(SEEING_BOUNDS, "a", "b", "c")
    inputs.send("b", 1)
    inputs.end("b")
    assert inputs.take_all() == [(1, {"b": "b1"}), (LAST_ORDINARY, {})]
    assert inputs.policy.bound() == PRE_STREAM  # a and c are yet to begin
    inputs.end("a", "c")
    assert inputs.take_all() == [(LAST_ORDINARY, {})]
    assert inputs.policy.bound() == DONE


def test_with_bounds_each_input_is_settled_by_itself() -> None:
    inputs = ByHand(SEEING_BOUNDS, "a", "b")
    inputs.settle("a", 4)
    assert inputs.take_all() == [(3, {})]
    inputs.settle("b", 2)
    assert inputs.policy.bound() == 1
    assert inputs.take_all() == [(1, {})]
    assert inputs.policy.bound() == 2


def test_without_bounds_an_end_is_no_input_set() -> None:
    inputs = ByHand(ImmediateInputPolicy, "a", "b")
    inputs.end("a")
    inputs.settle("b", 9)
    assert inputs.take() is None
    assert inputs.policy.bound() == 9


class EitherCalculator(Calculator):
    """Sends on what comes, from whichever input."""

    left = Input[str](optional=True)
    right = Input[str](optional=True)
    either = Output[str]()

    def process(self, cx: Context) -> None:
        for port in (self.left, self.right):
            if port in cx:
                cx.send(self.either, cx[port])


def either(policy: PolicyPlan) -> Plan:
    """A graph that merges `one` and `two`."""
    return plan(
        node("merge", EitherCalculator, {"left": "one", "right": "two"}, {"either": "merged"}, policy=policy),
        inputs=("one", "two"),
    )


@pytest.mark.parametrize(
    "policy",
    [PolicyPlan("immediate"), PolicyPlan("sync_sets", {"sets": [["left"]]})],
    ids=lambda policy: policy.name,
)
def test_a_merge_that_falls_back_in_time_is_told_node_stream_and_policy(policy: PolicyPlan) -> None:
    """Behaviour 24."""

    async def scenario() -> list[Any]:
        merged: list[Any] = []
        async with Graph(either(policy)) as graph, asyncio.timeout(10):
            run = graph.run()
            run.observe("merged", lambda packet: merged.append((packet.timestamp, packet.value)))
            await run.send("one", "a", at=0)
            await run.send("one", "b", at=1)
            assert merged == [(0, "a"), (1, "b")]
            await run.send("two", "c", at=0)
            with pytest.raises(RunError) as failed:
                await run.wait()
            message = str(failed.value)
            assert "node 'merge'" in message
            assert "stream 'merged': minimum expected timestamp is 2 but received 0" in message
            assert f"input policy {policy.name!r} does not process in the order of timestamps" in message
        return merged

    assert asyncio.run(scenario()) == [(0, "a"), (1, "b")]


def test_a_merge_of_inputs_that_take_turns_lets_everything_through() -> None:
    async def scenario() -> list[Any]:
        merged: list[Any] = []
        async with Graph(either(PolicyPlan("immediate"))) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("merged", lambda packet: merged.append(packet.value))
            for at in range(0, 10, 2):
                await run.send("one", at, at=at)
                await run.send("two", at + 1, at=at + 1)
        return merged

    assert asyncio.run(scenario()) == list(range(10))
