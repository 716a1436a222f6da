"""The fixed_size input policy: the newest packets, the older ones dropped."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import PolicyPlan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.runtime.policies.fixed_size import FixedSizeInputPolicy
from tests.runtime.plans import node, plan
from tests.runtime.policies.by_hand import ByHand


def test_of_what_arrives_between_two_looks_the_newest_is_left() -> None:
    """Behaviour 26: while packet 0 is processed, 1, 2 and 3 arrive."""
    inputs = ByHand(FixedSizeInputPolicy, "frame")
    inputs.send("frame", 0)
    assert inputs.take() == (0, {"frame": "frame0"})
    for at in (1, 2, 3):
        inputs.send("frame", at)
    assert inputs.take_all() == [(3, {"frame": "frame3"})]


def test_nothing_is_dropped_below_the_trigger() -> None:
    inputs = ByHand(partial(FixedSizeInputPolicy, trigger_queue_size=4, target_queue_size=1), "frame")
    for at in (1, 2, 3):
        inputs.send("frame", at)
    assert inputs.waiting("frame") == [1, 2, 3]
    inputs.send("frame", 4)
    assert inputs.waiting("frame") == [4]


def test_late_packets_are_dropped_as_those_of_their_age_were() -> None:
    """Behaviour 26: trigger 4, target 3.

    The first input cuts at 4, the second then at 5, and the third's packet 4 comes too late.
    """
    inputs = ByHand(partial(FixedSizeInputPolicy, trigger_queue_size=4, target_queue_size=3), "a", "b", "c")
    for at in range(1, 7):
        inputs.send("a", at)
    assert inputs.waiting("a") == [4, 5, 6]
    for at in range(3, 8):
        inputs.send("b", at)
    assert (inputs.waiting("a"), inputs.waiting("b")) == ([5, 6], [5, 6, 7])
    taken = []
    for at in range(4, 8):
        inputs.send("c", at)
        taken += inputs.take_all()
    inputs.end("a", "b", "c")
    taken += inputs.take_all()
    assert taken == [
        (5, {"a": "a5", "b": "b5", "c": "c5"}),
        (6, {"a": "a6", "b": "b6", "c": "c6"}),
        (7, {"b": "b7", "c": "c7"}),
    ]


def test_a_target_above_the_trigger_is_how_many_are_left() -> None:
    inputs = ByHand(partial(FixedSizeInputPolicy, trigger_queue_size=2, target_queue_size=3), "frame")
    for at in range(10):
        inputs.send("frame", at)
    assert inputs.waiting("frame") == [7, 8, 9]


def test_with_bounds_it_sees_them_as_the_default_policy_does() -> None:
    inputs = ByHand(partial(FixedSizeInputPolicy, process_timestamp_bounds=True), "frame")
    inputs.send("frame", 1)
    inputs.send("frame", 2)
    inputs.settle("frame", 10)
    assert inputs.take_all() == [(2, {"frame": "frame2"}), (9, {})]


class SlowCalculator(Calculator):
    """Passes packets on, each after the gate has been opened for it."""

    frame = Input[int]()
    gate = SideInput[asyncio.Semaphore]()
    shown = Output[int]()

    async def process(self, cx: Context) -> None:
        await cx[self.gate].acquire()
        cx.send(self.shown, cx[self.frame])


@pytest.mark.parametrize("max_queue_size", [1, 100])
def test_a_slow_node_holds_nobody_up_and_sees_the_newest(max_queue_size: int) -> None:
    """Behaviour 26."""
    graph_plan = plan(
        node(
            "slow",
            SlowCalculator,
            {"frame": "frame"},
            {"shown": "shown"},
            side={"gate": "gate"},
            policy=PolicyPlan("fixed_size"),
        ),
        inputs=("frame",),
        max_queue_size=max_queue_size,
    )

    async def scenario() -> list[Any]:
        gate = asyncio.Semaphore(0)
        shown: list[Any] = []
        graph = Graph(graph_plan)
        await graph.open({"gate": gate})
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe("shown", lambda packet: shown.append((packet.timestamp, packet.value)))
            await run.send("frame", 0)
            await asyncio.sleep(0)  # the call begins
            for number in (1, 2, 3):
                await run.send("frame", number)
            gate.release()
            gate.release()
        return shown

    assert asyncio.run(scenario()) == [(0, 0), (3, 3)]
