"""The table of input policies, and what all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import DeclarationError, NotFoundError
from ovpipe.graph.plan import NodePlan, PolicyPlan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.runtime.policies import POLICIES, passes_single_input, policy_builder
from tests.runtime.plans import node, plan
from tests.runtime.policies.by_hand import ByHand

OPTIONS: dict[str, dict[str, Any]] = {
    "mux": {"select": "select"},
    "timestamp_align": {"base": "left"},
    "sync_sets": {"sets": [["left", "select"]]},
    "default": {"batch_size": 2},
}
PLANS = [PolicyPlan(name, OPTIONS.get(name, {})) for name in POLICIES] + [PolicyPlan("default")]

each_policy = pytest.mark.parametrize("policy", PLANS, ids=lambda policy: policy.name)


def test_the_names_are_those_of_the_format() -> None:
    assert list(POLICIES) == [
        "default",
        "immediate",
        "sync_sets",
        "fixed_size",
        "barrier",
        "early_close",
        "mux",
        "timestamp_align",
    ]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="no input policy 'imediate': did you mean 'immediate'"):
        policy_builder(PolicyPlan("imediate"), process_timestamp_bounds=False)


def test_bounds_are_refused_where_a_policy_cannot_hand_them_out() -> None:
    with pytest.raises(
        DeclarationError, match="'barrier', which processes packets only; those for it are default,"
    ):
        policy_builder(PolicyPlan("barrier"), process_timestamp_bounds=True)


def test_only_the_plain_default_policy_lets_a_single_input_pass_unasked() -> None:
    assert passes_single_input(PolicyPlan("default"), process_timestamp_bounds=False)
    assert passes_single_input(PolicyPlan("default", {"batch_size": 1}), process_timestamp_bounds=False)
    assert not passes_single_input(PolicyPlan("default", {"batch_size": 2}), process_timestamp_bounds=False)
    assert not passes_single_input(PolicyPlan("default"), process_timestamp_bounds=True)
    others = [name for name in POLICIES if name != "default"]
    assert not any(passes_single_input(PolicyPlan(name), process_timestamp_bounds=False) for name in others)


@each_policy
def test_packets_taken_are_out_of_the_queues_and_cleared_packets_out_of_the_context(
    policy: PolicyPlan,
) -> None:
    """Behaviour 39."""
    inputs = ByHand(policy_builder(policy, process_timestamp_bounds=False), "left", "right", "select")
    for at in (1, 2):
        inputs.send("left", at)
        inputs.send("right", at)
        inputs.send("select", at, at - 1)
    assert inputs.take_all()
    assert [inputs.waiting(name) for name in ("left", "right", "select")] == [[], [], []]
    inputs.policy.clear(inputs.cx)
    assert inputs.cx == {}


@each_policy
def test_no_input_set_is_before_the_bound_that_was_told(policy: PolicyPlan) -> None:
    inputs = ByHand(policy_builder(policy, process_timestamp_bounds=False), "left", "right", "select")
    moves: list[Callable[[], None]] = [
        lambda: inputs.send("left", 1),
        lambda: inputs.send("select", 1, 0),
        lambda: inputs.send("right", 1),
        lambda: inputs.settle("left", 4),
        lambda: inputs.send("select", 4, 1),
        lambda: inputs.send("right", 5),
        lambda: inputs.send("left", 5),
        lambda: inputs.settle("select", 9),
        lambda: inputs.end("right"),
        lambda: inputs.end("left"),
        lambda: inputs.end("select"),
    ]
    told = inputs.policy.bound()
    for move in moves:
        move()
        assert inputs.policy.bound() >= told
        for at, _ in inputs.take_all():
            assert at >= told
        assert inputs.policy.bound() >= told
        told = inputs.policy.bound()


class SetCalculator(Calculator):
    """Notes the input sets it is called with."""

    left = Input[Any]()
    right = Input[Any]()
    select = Input[int]()
    seen = SideInput[list[Any]]()

    def process(self, cx: Context) -> None:
        values = [cx.get(port) for port in (self.left, self.right, self.select)]
        cx[self.seen].append((cx.timestamp, values))


SETS: dict[str, list[list[Any]]] = {
    "sync_sets": [["l", None, 0], [None, "r", None]],
    "immediate": [["l", None, None], [None, "r", None], [None, None, 0]],
    "mux": [["l", None, 0]],
    "timestamp_align": [["l", None, None]],
}


@each_policy
def test_a_run_begins_anew_whatever_the_run_before_it_saw(policy: PolicyPlan) -> None:
    """Behaviour 30."""
    reads = {"left": "left", "right": "right", "select": "select"}
    graph_plan = plan(
        node("set", SetCalculator, reads, side={"seen": "seen"}, policy=policy),
        inputs=("left", "right", "select"),
    )

    async def scenario() -> list[Any]:
        seen: list[Any] = []
        graph = Graph(graph_plan)
        await graph.open({"seen": seen})
        async with graph, asyncio.timeout(10):
            for start in (2000, 1000):
                async with graph.run() as run:
                    for name, value in {"left": "l", "right": "r", "select": 0}.items():
                        await run.send(name, value, at=start)
        return seen

    sets = SETS.get(policy.name, [["l", "r", 0]])
    seen = asyncio.run(scenario())
    assert sorted(seen, key=str) == sorted([(at, values) for at in (2000, 1000) for values in sets], key=str)


class StampCalculator(Calculator):
    """Sends the timestamps it is called at."""

    text = Input[str]()
    stamp = Output[int]()
    process_timestamp_bounds = True

    def process(self, cx: Context) -> None:
        cx.send(self.stamp, int(cx.timestamp))


class SilentCalculator(Calculator):
    """Sends nothing; its output is settled all the same."""

    text = Input[str]()
    nothing = Output[str]()

    def process(self, cx: Context) -> None:
        pass


@pytest.mark.parametrize("policy", ["default", "immediate", "sync_sets", "early_close", "fixed_size"])
def test_a_node_that_sees_bounds_runs_where_the_node_above_it_sent_nothing(policy: str) -> None:
    """Behaviours 14 and 15."""
    graph_plan = plan(
        node("silent", SilentCalculator, {"text": "text"}, {"nothing": "nothing"}),
        node("stamp", StampCalculator, {"text": "nothing"}, {"stamp": "stamp"}, policy=PolicyPlan(policy)),
        inputs=("text",),
    )

    async def scenario() -> list[int]:
        stamps: list[int] = []
        async with Graph(graph_plan) as graph, asyncio.timeout(10):
            run = graph.run()
            run.observe("stamp", lambda packet: stamps.append(packet.value))
            for at in range(10, 50, 10):
                await run.send("text", "-", at=at)
            seen = list(stamps)
            run.close_inputs()
            await run.wait()
        return seen

    assert asyncio.run(scenario()) == [10, 20, 30, 40]


BATCHES_OF_THREE = PolicyPlan("default", {"batch_size": 3})


class PassCalculator(Calculator):
    """Hands its input on."""

    number = Input[int]()
    same = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.same, cx[self.number])


def test_a_node_of_one_input_with_batches_gets_them_in_a_run() -> None:
    """Behaviour 22."""
    graph_plan = plan(
        node("batch", PassCalculator, {"number": "number"}, {"same": "same"}, policy=BATCHES_OF_THREE),
        inputs=("number",),
        max_queue_size=1,
    )

    async def scenario() -> list[Any]:
        seen: list[Any] = []
        counts: list[int] = []
        async with Graph(graph_plan) as graph, asyncio.timeout(10):
            run = graph.run()
            run.observe("same", lambda packet: seen.append(packet.value))
            for number in range(7):
                await run.send("number", number)
                counts.append(len(seen))
            run.close_inputs()
            await run.wait()
        return [counts, seen]

    assert asyncio.run(scenario()) == [[0, 0, 3, 3, 3, 6, 6], list(range(7))]


def test_plans_written_without_a_policy_have_the_default_one() -> None:
    plain = NodePlan("n", PassCalculator, {}, (), (), (), (), "test:1")
    assert plain.policy == PolicyPlan("default")
