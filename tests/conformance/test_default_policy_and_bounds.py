"""Numbers 11 to 21: the default input policy, and bounds without packets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.graph.plan import PolicyPlan
from ovpipe.ports import Input, Output, SideInput
from tests.conformance.graphs import PairCalculator, PassCalculator, running
from tests.runtime.plans import node, plan


def test_11_a_timestamp_is_processed_when_every_input_is_settled_there() -> None:
    """in0@1: nothing; in1@2: process(1) with in1 empty; in0@2: process(2) with both."""
    graph = plan(
        node("pair", PairCalculator, {"left": "in0", "right": "in1"}, {"pair": "out"}), inputs=("in0", "in1")
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            await run.send("in0", "a", at=1)
            assert seen == []
            await run.send("in1", "b", at=2)
            assert seen == [(1, ("a", None))]
            await run.send("in0", "c", at=2)
            assert seen == [(1, ("a", None)), (2, ("c", "b"))]

    asyncio.run(scenario())


def test_12_a_bound_at_a_timestamp_does_not_settle_it() -> None:
    """in0 has a packet at 3, in1 empty with bound 3: not run."""
    graph = plan(
        node("pair", PairCalculator, {"left": "in0", "right": "in1"}, {"pair": "out"}), inputs=("in0", "in1")
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            run.set_bound("in1", 3)
            await run.send("in0", "a", at=3)
            assert seen == []
            run.set_bound("in1", 4)
            assert seen == [(3, ("a", None))]

    asyncio.run(scenario())


class ValveCalculator(Calculator):
    """Passes even numbers, and moves its bound past the others by itself."""

    timestamp_offset = None
    number = Input[int]()
    even = Output[int]()

    def process(self, cx: Context) -> None:
        if cx[self.number] % 2 == 0:
            cx.send(self.even, cx[self.number])
        else:
            cx.set_bound(self.even, cx.timestamp + 1)


class LateCalculator(PassCalculator):
    """Passes what it gets, and might still send a packet one timestamp earlier."""

    timestamp_offset = -1

    def process(self, cx: Context) -> None:
        if cx[self.inward] % 2 == 0:
            cx.send(self.outward, cx[self.inward])


def test_13_a_valve_that_moves_its_bound_holds_up_no_merge() -> None:
    """A valve drops packets but moves its bound: the merge below runs for all 6 inputs (3 passed)."""
    graph = plan(
        node("valve", ValveCalculator, {"number": "in"}, {"even": "even"}),
        node("merge", PairCalculator, {"left": "in", "right": "even"}, {"pair": "out"}),
        inputs=("in",),
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            for number in range(6):
                await run.send("in", number)
                assert len(seen) == number + 1
            assert [value[1] for _, value in seen] == [0, None, 2, None, 4, None]

    asyncio.run(scenario())


def test_13_a_negative_offset_delays_the_last_merge_until_close() -> None:
    """Offset -1 on the branch delays the last merge until close."""
    graph = plan(
        node("late", LateCalculator, {"inward": "in"}, {"outward": "even"}),
        node("merge", PairCalculator, {"left": "in", "right": "even"}, {"pair": "out"}),
        inputs=("in",),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            for number in range(6):
                await run.send("in", number)
            assert seen == [(0, (0, 0)), (1, (1, None)), (2, (2, 2)), (3, (3, None)), (4, (4, 4))]
        return seen[5:]

    assert asyncio.run(scenario()) == [(5, (5, None))]


class SilentCalculator(Calculator):
    """Sends nothing: with offset 0 its timestamps are settled all the same."""

    inward = Input[Any]()
    outward = Output[Any]()


def test_14_a_node_that_sends_nothing_settles_its_timestamps() -> None:
    """Offset 0, process emits nothing, 4 inputs: the join below emits 4."""
    graph = plan(
        node("silent", SilentCalculator, {"inward": "in"}, {"outward": "nothing"}),
        node("join", PairCalculator, {"left": "in", "right": "nothing"}, {"pair": "out"}),
        inputs=("in",),
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            for number in range(4):
                await run.send("in", number)
            assert [timestamp for timestamp, _ in seen] == [0, 1, 2, 3]

    asyncio.run(scenario())


class TimesCalculator(Calculator):
    """Sends its timestamp at each call: does not see bounds."""

    inward = Input[Any]()
    time = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.time, int(cx.timestamp))


class BoundTimesCalculator(TimesCalculator):
    """Sends its timestamp at each call: sees bounds."""

    process_timestamp_bounds = True


class AsyncBoundTimesCalculator(TimesCalculator):
    process_timestamp_bounds = True

    async def process(self, cx: Context) -> None:  # type: ignore[override]  # async in place of plain
        super().process(cx)


POLICIES = [PolicyPlan("default"), PolicyPlan("immediate"), PolicyPlan("sync_sets", {"sets": [["inward"]]})]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize(
    ("calculator", "times"),
    [
        (TimesCalculator, []),
        (BoundTimesCalculator, [0, 1, 2, 3]),
        (AsyncBoundTimesCalculator, [0, 1, 2, 3]),
    ],
)
def test_15_bounds_alone_are_processed_where_a_calculator_asks_for_them(
    policy: PolicyPlan, calculator: type[Calculator], times: list[int]
) -> None:
    """Only bounds arrive, flag off: process never called; flag on: 4 of 4, for all three policies."""
    graph = plan(
        node("silent", SilentCalculator, {"inward": "in"}, {"outward": "nothing"}),
        node("times", calculator, {"inward": "nothing"}, {"time": "out"}, policy=policy),
        inputs=("in",),
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            for number in range(4):
                await run.send("in", number)
                while times and len(seen) <= number:
                    await asyncio.sleep(0)
            assert [time for time, _ in seen] == times

    asyncio.run(scenario())


def test_16_settled_timestamps_reach_the_node_below_one_by_one() -> None:
    """Emitting empty at 10...90: a flagged node below emits exactly those 9.

    Difference: there are no empty packets; the node sends nothing, and its bound moves. Bounds that move
    several times before the node below looks (up to 16 input sets that waited) are seen as one.
    """
    graph = plan(
        node("silent", SilentCalculator, {"inward": "in"}, {"outward": "nothing"}),
        node("times", BoundTimesCalculator, {"inward": "nothing"}, {"time": "out"}),
        inputs=("in",),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            for time in range(10, 100, 10):
                await run.send("in", "packet", at=time)
        return [time for time, _ in seen]

    assert asyncio.run(scenario()) == [10, 20, 30, 40, 50, 60, 70, 80, 90]


def test_17_the_bound_of_a_graph_input_is_processed() -> None:
    """Setting a graph input's bound to next(T) nine times: nine processes at T."""
    graph = plan(node("times", BoundTimesCalculator, {"inward": "in"}, {"time": "out"}), inputs=("in",))

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            for time in range(10, 100, 10):
                run.set_bound("in", time + 1)
            assert [time for time, _ in seen] == [10, 20, 30, 40, 50, 60, 70, 80, 90]

    asyncio.run(scenario())


def test_18_an_input_that_seldom_brings_anything_holds_nothing_up_by_its_bound() -> None:
    """Frame@0, config bound 10000: frame_0 out. frame@20000: settled 9999, frame held. Bound 30000: frame_1.

    Difference: an observer sees packets only; a node with process_timestamp_bounds sees what is settled.
    """
    graph = plan(
        node("pair", PairCalculator, {"left": "frame", "right": "config"}, {"pair": "frame_out"}),
        node("settled", BoundTimesCalculator, {"inward": "frame_out"}, {"time": "settled"}),
        inputs=("frame", "config"),
    )

    async def scenario() -> None:
        async with running(graph, "settled") as (run, seen):
            await run.send("frame", "frame_0", at=0)
            assert seen == []
            run.set_bound("config", 10000)
            assert [time for time, _ in seen] == [0]
            await run.send("frame", "frame_1", at=20000)
            assert [time for time, _ in seen] == [0, 9999]
            run.set_bound("config", 30000)
            assert [time for time, _ in seen] == [0, 9999, 20000]

    asyncio.run(scenario())


class JumpCalculator(Calculator):
    """Promises at 20 that nothing comes before 10000, and promises less later."""

    inward = Input[Any]()
    outward = Output[Any]()

    def process(self, cx: Context) -> None:
        if cx.timestamp == 20:
            cx.set_bound(self.outward, 10000)
        if cx.timestamp == 50:
            cx.set_bound(self.outward, 5000)


def test_19_an_explicit_bound_is_not_lowered_by_the_offset() -> None:
    """Inputs 10..90, explicit bound 10000 set at 20, offset 0: no error, bound not lowered."""
    graph = plan(
        node("jump", JumpCalculator, {"inward": "in"}, {"outward": "nothing"}),
        node("times", BoundTimesCalculator, {"inward": "nothing"}, {"time": "out"}),
        inputs=("in",),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            for time in range(10, 100, 10):
                await run.send("in", "packet", at=time)
        return [time for time, _ in seen]

    assert asyncio.run(scenario()) == [10, 9999]


class GoesBackCalculator(Calculator):
    """Promises much, then less, then sends a packet that only the second promise allows."""

    inward = Input[Any]()
    outward = Output[Any]()

    def process(self, cx: Context) -> None:
        cx.set_bound(self.outward, 10000)
        cx.set_bound(self.outward, 5000)
        cx.send(self.outward, "late", at=7000)


def test_19_a_smaller_promise_does_not_take_back_a_larger_one() -> None:
    """Explicit bound 10000, then one below: no error, bound not lowered."""
    graph = plan(node("back", GoesBackCalculator, {"inward": "in"}, {"outward": "out"}), inputs=("in",))

    async def scenario() -> None:
        async with running(graph) as (run, _):
            await run.send("in", "packet", at=20)

    with pytest.raises(RunError, match="minimum expected timestamp is 10000 but received 7000"):
        asyncio.run(scenario())


class SometimesBoundCalculator(Calculator):
    """Takes longer for some; every third input moves the bound and sends nothing."""

    timestamp_offset = None
    number = Input[int]()
    out = Output[int]()

    async def process(self, cx: Context) -> None:
        number = cx[self.number]
        for _ in range(7 - number % 7):
            await asyncio.sleep(0)
        if number % 3 == 2:
            cx.set_bound(self.out, cx.timestamp + 1)
        else:
            cx.send(self.out, number)


class BoundLogCalculator(Calculator):
    """Notes every bound of its input."""

    process_timestamp_bounds = True
    log = SideInput[list[int]]()
    inward = Input[int]()

    def process(self, cx: Context) -> None:
        cx[self.log].append(int(cx.timestamp))


def test_20_calls_side_by_side_never_let_a_bound_fall() -> None:
    """max_in_flight 5 with occasional bounds: no bound regression."""
    graph = plan(
        node("some", SometimesBoundCalculator, {"number": "in"}, {"out": "out"}, max_in_flight=5),
        node("log", BoundLogCalculator, {"inward": "out"}, side={"log": "log"}),
        inputs=("in",),
    )
    log: list[int] = []

    async def scenario() -> Any:
        async with running(graph, "out", log=log) as (run, seen):
            for number in range(61):
                await run.send("in", number)
        return seen

    assert asyncio.run(scenario()) == [(number, number) for number in range(61) if number % 3 != 2]
    assert log == sorted(set(log))
    assert log[-1] == 60


class LastPacketCalculator(Calculator):
    """Promises nothing before the input it has, and sends that one in close."""

    timestamp_offset = None
    inward = Input[int]()
    last = Output[int]()

    def process(self, cx: Context) -> None:
        cx.set_bound(self.last, cx.timestamp)
        self.kept = (int(cx.timestamp), cx[self.inward])

    def close(self, cx: Context) -> None:
        timestamp, value = self.kept
        cx.send(self.last, value, at=timestamp)


def test_21_a_node_may_keep_its_last_timestamp_open_until_close() -> None:
    """A node that bounds to T and emits its last packet in close: i outputs after input i; after close, all."""
    graph = plan(
        node("last", LastPacketCalculator, {"inward": "in"}, {"last": "last"}),
        node("join", PairCalculator, {"left": "in", "right": "last"}, {"pair": "out"}),
        inputs=("in",),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            for number in range(5):
                await run.send("in", number * 10)
                assert len(seen) == number
        return seen

    expected = [(number, (number * 10, None)) for number in range(4)]
    assert asyncio.run(scenario()) == [*expected, (4, (40, 40))]
