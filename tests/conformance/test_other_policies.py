"""Numbers 22 to 30: the other input policies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.graph.plan import PolicyPlan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.timestamp import Timestamp
from tests.conformance.graphs import PairCalculator, PassCalculator, running
from tests.runtime.plans import node, plan


def test_22_a_batch_waits_until_it_is_complete_or_the_input_ends() -> None:
    """batch_size 2: one packet, nothing; two, both; third then close: flushed."""
    policy = PolicyPlan("default", {"batch_size": 2})
    graph = plan(
        node("pass", PassCalculator, {"inward": "in"}, {"outward": "out"}, policy=policy), inputs=("in",)
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            await run.send("in", "a")
            assert seen == []
            await run.send("in", "b")
            assert seen == [(0, "a"), (1, "b")]
            await run.send("in", "c")
            assert seen == [(0, "a"), (1, "b")]
        return seen

    assert asyncio.run(scenario()) == [(0, "a"), (1, "b"), (2, "c")]


class ThreeCalculator(Calculator):
    """Notes which inputs came together, and the close."""

    process_timestamp_bounds = True
    log = SideInput[list[Any]]()
    a = Input[str]()
    b = Input[str]()
    c = Input[str]()

    def process(self, cx: Context) -> None:
        values = [cx[port] for port in (self.a, self.b, self.c) if port in cx]
        cx[self.log].append((cx.timestamp, *values))

    def close(self, cx: Context) -> None:
        cx[self.log].append("closed")


class SplitCalculator(Calculator):
    """Sends one packet on each of three outputs, at once."""

    inward = Input[str]()
    a = Output[str]()
    b = Output[str]()
    c = Output[str]()

    def process(self, cx: Context) -> None:
        for port, wanted in ((self.a, "a"), (self.b, "b"), (self.c, "c")):
            if wanted in cx[self.inward]:
                cx.send(port, wanted)


def test_23_an_immediate_node_takes_inputs_as_they_come() -> None:
    """Immediate with flag: a@1 b@2 c@3 process 1, 2, 3 apart; a, b, c @5 one process; done: Max, then close."""
    graph = plan(
        node(
            "three",
            ThreeCalculator,
            {"a": "a", "b": "b", "c": "c"},
            side={"log": "log"},
            policy=PolicyPlan("immediate"),
        ),
        inputs=("a", "b", "c"),
    )
    log: list[Any] = []

    async def scenario() -> None:
        async with running(graph, log=log) as (run, _):
            await run.send("a", "a", at=1)
            await run.send("b", "b", at=2)
            await run.send("c", "c", at=3)

    asyncio.run(scenario())
    assert log == [(1, "a"), (2, "b"), (3, "c"), (Timestamp.MAX,), "closed"]


def test_23_an_immediate_node_takes_what_waits_at_one_timestamp_together() -> None:
    """Immediate: a, b, c @5 one process."""
    streams = {"a": "a", "b": "b", "c": "c"}
    graph = plan(
        node("split", SplitCalculator, {"inward": "in"}, streams),
        node("three", ThreeCalculator, streams, side={"log": "log"}, policy=PolicyPlan("immediate")),
        inputs=("in",),
    )
    log: list[Any] = []

    async def scenario() -> None:
        async with running(graph, log=log) as (run, _):
            await run.send("in", "abc", at=5)

    asyncio.run(scenario())
    assert log == [(5, "a", "b", "c"), (Timestamp.MAX,), "closed"]


class MergeCalculator(Calculator):
    """Sends whichever input there is."""

    in0 = Input[int]()
    in1 = Input[int]()
    merged = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.merged, cx[self.in0] if self.in0 in cx else cx[self.in1])


def test_24_a_merge_that_goes_back_in_time_is_told_why() -> None:
    """An immediate merge that emits 0, 1 from in0 and then 0 from in1: the error names node, stream, policy."""
    policy = PolicyPlan("immediate")
    graph = plan(
        node("merge", MergeCalculator, {"in0": "a", "in1": "b"}, {"merged": "merged"}, policy=policy),
        inputs=("a", "b"),
    )

    async def scenario() -> None:
        async with running(graph) as (run, _):
            await run.send("a", 0, at=0)
            await run.send("a", 1, at=1)
            await run.send("b", 0, at=0)

    with pytest.raises(RunError) as caught:
        asyncio.run(scenario())
    assert "node 'merge'" in str(caught.value)
    assert "stream 'merged': minimum expected timestamp is 2 but received 0" in str(caught.value)
    assert "input policy 'immediate'" in str(caught.value)


class FiveCalculator(Calculator):
    """Notes what came together."""

    log = SideInput[list[Any]]()
    a = Input[int]()
    b = Input[int]()
    c = Input[int]()
    d = Input[int]()
    e = Input[int]()

    def process(self, cx: Context) -> None:
        inputs = (self.a, self.b, self.c, self.d, self.e)
        present = {port.name: cx[port] for port in inputs if port in cx}
        cx[self.log].append((int(cx.timestamp), present))


def test_25_sync_sets_give_the_same_in_whatever_order_packets_arrive() -> None:
    """Sync sets {a,c,e}, {b,d}: 1000 random interleavings give the same outputs for each set."""
    policy = PolicyPlan("sync_sets", {"sets": [["a", "c", "e"], ["b", "d"]]})
    graph_plan = plan(
        node("five", FiveCalculator, {name: name for name in "abcde"}, side={"log": "log"}, policy=policy),
        inputs=tuple("abcde"),
    )
    packets = {"a": [0, 2, 3, 7], "c": [1, 2, 6, 7], "e": [2, 5], "b": [0, 1, 4], "d": [1, 4, 8]}

    def together(names: str) -> list[tuple[int, dict[str, int]]]:
        times = sorted({time for name in names for time in packets[name]})
        return [(time, {name: time for name in names if time in packets[name]}) for time in times]

    async def scenario() -> None:
        rng = random.Random(25)
        async with await opened(graph_plan) as graph:
            for _ in range(1000):
                log: list[Any] = []
                order = [name for name, times in packets.items() for _ in times]
                rng.shuffle(order)
                left = {name: iter(times) for name, times in packets.items()}
                async with graph.run({"log": log}) as run:
                    for name in order:
                        time = next(left[name])
                        await run.send(name, time, at=time)
                for names in ("ace", "bd"):
                    assert [entry for entry in log if set(entry[1]) <= set(names)] == together(names)
                assert len(log) == len(together("ace")) + len(together("bd"))

    asyncio.run(scenario())


async def opened(graph_plan: Any) -> Graph:
    """An open graph whose runs bring the log."""
    graph = Graph(graph_plan)
    await graph.open({"log": []})
    return graph


class GatedCalculator(Calculator):
    """Holds its first packet until it is let go; notes what it processed."""

    log = SideInput[list[int]]()
    gate = SideInput[asyncio.Event]()
    inward = Input[int]()

    async def process(self, cx: Context) -> None:
        cx[self.log].append(cx[self.inward])
        await cx[self.gate].wait()


def test_26_a_fixed_size_queue_keeps_the_newest() -> None:
    """FixedSize, process blocked on 0, add 1, 2, 3: processes 0 and 3 only."""
    graph = plan(
        node(
            "gated",
            GatedCalculator,
            {"inward": "in"},
            side={"log": "log", "gate": "gate"},
            policy=PolicyPlan("fixed_size"),
        ),
        inputs=("in",),
    )
    log: list[int] = []

    async def scenario() -> None:
        gate = asyncio.Event()
        async with running(graph, log=log, gate=gate) as (run, _):
            await run.send("in", 0)
            while not log:
                await asyncio.sleep(0)
            for number in (1, 2, 3):
                await run.send("in", number)
            gate.set()

    asyncio.run(scenario())
    assert log == [0, 3]


def test_26_fixed_size_queues_drop_together_and_what_arrives_late() -> None:
    """Trigger 4 / target 3 and late arrivals: what is as old as what was dropped is dropped everywhere."""
    policy = PolicyPlan("fixed_size", {"trigger_queue_size": 4, "target_queue_size": 3})
    graph = plan(
        node("pair", PairCalculator, {"left": "a", "right": "b"}, {"pair": "out"}, policy=policy),
        inputs=("a", "b"),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            for time in (1, 2, 3, 4):
                await run.send("a", time, at=time)
            for time in (1, 2, 3, 4):
                await run.send("b", time, at=time)
        return seen

    assert asyncio.run(scenario()) == [(2, (2, 2)), (3, (3, 3)), (4, (4, 4))]


def test_27_a_barrier_takes_one_packet_of_each_whatever_their_timestamps() -> None:
    """Barrier: mismatched timestamps consumed first-in first-out; any drained done stream closes."""
    graph = plan(
        node(
            "pair", PairCalculator, {"left": "a", "right": "b"}, {"pair": "out"}, policy=PolicyPlan("barrier")
        ),
        inputs=("a", "b"),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            await run.send("a", "a1", at=1)
            await run.send("a", "a2", at=2)
            assert seen == []
            await run.send("b", "b10", at=10)
            await run.send("b", "b20", at=20)
            await run.send("a", "a3", at=3)
            run.close_input("b")
            await run.wait()  # the other input has not ended, and has a packet that waits
        return seen

    assert asyncio.run(scenario()) == [(1, ("a1", "b10")), (2, ("a2", "b20"))]


class MuxCalculator(Calculator):
    """Sends the selected input's value where it has one."""

    select = Input[int]()
    in0 = Input[str]()
    in1 = Input[str]()
    out = Output[str]()

    def process(self, cx: Context) -> None:
        for port in (self.in0, self.in1):
            if port in cx:
                cx.send(self.out, cx[port])


def test_28_a_mux_waits_for_the_selected_input_alone() -> None:
    """Mux: select=0@1, input0's first packet @2: output settles 1 as empty."""
    policy = PolicyPlan("mux", {"select": "select"})
    streams = {"select": "select", "in0": "in0", "in1": "in1"}
    graph = plan(
        node("mux", MuxCalculator, streams, {"out": "chosen"}, policy=policy),
        node("pair", PairCalculator, {"left": "select", "right": "chosen"}, {"pair": "out"}),
        inputs=("select", "in0", "in1"),
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            await run.send("select", 0, at=1)
            assert seen == []
            await run.send("in0", "zero", at=2)
            assert seen == [(1, (0, None))]
            await run.send("select", 0, at=2)
            assert seen[1:] == [(2, (0, "zero"))]
            await run.send("in1", "one", at=3)
            await run.send("select", 1, at=3)
            assert seen[2:] == [(3, (1, "one"))]

    asyncio.run(scenario())


def test_29_aligned_inputs_are_moved_to_the_base() -> None:
    """Align: camera 101, 102 pass; video@1 meets camera@103: video re-stamped 103; video@4: 106."""
    policy = PolicyPlan("timestamp_align", {"base": "left"})
    graph = plan(
        node("align", PairCalculator, {"left": "camera", "right": "video"}, {"pair": "out"}, policy=policy),
        inputs=("camera", "video"),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            await run.send("camera", "c101", at=101)
            await run.send("camera", "c102", at=102)
            assert seen == [(101, ("c101", None)), (102, ("c102", None))]
            await run.send("video", "v1", at=1)
            await run.send("camera", "c103", at=103)
            assert seen[2:] == [(103, ("c103", "v1"))]
            await run.send("video", "v4", at=4)
            await run.send("camera", "c106", at=106)
        return seen[3:]

    assert asyncio.run(scenario()) == [(106, ("c106", "v4"))]


EVERY_POLICY: Mapping[str, dict[str, Any]] = {
    "default": {},
    "immediate": {},
    "sync_sets": {"sets": [["left", "right"]]},
    "fixed_size": {},
    "barrier": {},
    "early_close": {},
    "mux": {"select": "left"},
    "timestamp_align": {"base": "left"},
}


class NoteCalculator(Calculator):
    """Notes its timestamps."""

    log = SideInput[list[int]]()
    left = Input[int]()
    right = Input[int]()

    def process(self, cx: Context) -> None:
        cx[self.log].append(int(cx.timestamp))


@pytest.mark.parametrize("name", EVERY_POLICY)
def test_30_a_run_may_begin_before_the_end_of_the_one_before(name: str) -> None:
    """Every policy: a run at ts 2000, a new run at 1000 succeeds.

    Difference: each run has a timeline of its own, and runs may even go on at once.
    """
    policy = PolicyPlan(name, EVERY_POLICY[name])
    graph_plan = plan(
        node("note", NoteCalculator, {"left": "a", "right": "b"}, side={"log": "log"}, policy=policy),
        inputs=("a", "b"),
    )

    async def scenario() -> list[list[int]]:
        logs: list[list[int]] = [[], []]
        async with await opened(graph_plan) as graph:
            for time, log in zip((2000, 1000), logs, strict=True):
                async with graph.run({"log": log}) as run:
                    await run.send("b", 0, at=time)
                    await run.send("a", 0, at=time)
        return logs

    later, earlier = asyncio.run(scenario())
    assert set(later) == {2000}
    assert set(earlier) == {1000}
    assert len(later) == len(earlier)
