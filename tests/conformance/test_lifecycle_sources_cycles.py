"""Numbers 31 to 39: the life of a node, sources, cycles, calls side by side."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import DeclarationError
from ovpipe.graph.plan import PolicyPlan
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.runtime import Graph
from ovpipe.timestamp import Timestamp
from tests.conformance.graphs import PairCalculator, PassCalculator, running, watch
from tests.runtime.plans import node, plan


class FiveSourceCalculator(Calculator):
    """A source that never stops by itself; notes its timestamps."""

    log = SideInput[list[Any]]()
    number = Output[int]()

    def __init__(self) -> None:
        self.next = 100

    def open(self, cx: Context) -> None:
        cx[self.log].append(("source", "open", cx.timestamp))

    def process(self, cx: Context) -> None:
        cx[self.log].append(("source", "process", cx.timestamp))
        cx.send(self.number, self.next, at=self.next)
        self.next += 1

    def close(self, cx: Context) -> None:
        cx[self.log].append(("source", "close", cx.timestamp))


class FiveSinkCalculator(Calculator):
    """Says done after five packets; notes its timestamps."""

    log = SideInput[list[Any]]()
    number = Input[int]()

    def __init__(self) -> None:
        self.seen = 0

    def open(self, cx: Context) -> None:
        cx[self.log].append(("sink", "open", cx.timestamp))

    def process(self, cx: Context) -> None:
        cx[self.log].append(("sink", "process", cx.timestamp))
        self.seen += 1
        if self.seen == 5:
            cx.done(self.number)

    def close(self, cx: Context) -> None:
        cx[self.log].append(("sink", "close", cx.timestamp))


def test_31_the_timestamp_of_each_call() -> None:
    """Unstarted in open; 0 in a source's process; the packet's in a sink; Done in close.

    A sink's stop after 5 ends the source cleanly: `cx.done` of its input.
    """
    graph = plan(
        node("source", FiveSourceCalculator, outputs={"number": "number"}, side={"log": "log"}),
        node("sink", FiveSinkCalculator, {"number": "number"}, side={"log": "log"}),
    )
    log: list[Any] = []

    async def scenario() -> None:
        async with running(graph, log=log):
            pass

    asyncio.run(scenario())
    assert [at for who, call, at in log if call == "open"] == [Timestamp.UNSTARTED] * 2
    assert {at for who, call, at in log if (who, call) == ("source", "process")} == {0}
    assert [at for who, call, at in log if (who, call) == ("sink", "process")] == [100, 101, 102, 103, 104]
    assert [at for who, call, at in log if call == "close"] == [Timestamp.DONE] * 2


class OpenSendsCalculator(Calculator):
    """Sends a packet in open."""

    inward = Input[str]()
    outward = Output[str]()

    def open(self, cx: Context) -> None:
        cx.send(self.outward, "from open", at=0)


class OpenLooksCalculator(Calculator):
    """Notes what is there in open, and what comes."""

    log = SideInput[list[Any]]()
    inward = Input[str]()

    def open(self, cx: Context) -> None:
        cx[self.log].append((self.inward in cx, cx.get(self.inward)))

    def process(self, cx: Context) -> None:
        cx[self.log].append(cx[self.inward])


def test_32_inputs_are_empty_in_open() -> None:
    """Inputs are empty in open even if the node above emitted in its open."""
    graph = plan(
        node("sends", OpenSendsCalculator, {"inward": "in"}, {"outward": "out"}),
        node("looks", OpenLooksCalculator, {"inward": "out"}, side={"log": "log"}),
        inputs=("in",),
    )
    log: list[Any] = []

    async def scenario() -> None:
        async with running(graph, log=log):
            pass

    asyncio.run(scenario())
    assert log == [(False, None), "from open"]


class CountingSourceCalculator(Calculator):
    """Sends five values of a counter that all sources share."""

    counter = SideInput[Any]()
    number = Output[int]()

    def process(self, cx: Context) -> Iterator[None]:
        for time in range(5):
            cx.send(self.number, next(cx[self.counter]), at=time)
            yield


def test_33_source_layers_run_in_order_and_sources_of_a_layer_take_turns() -> None:
    """Source layers 0/1, 1/2 with a global counter: 0 gets 0-4, 1 interleaves 5-14, 2 gets 15-19."""
    graph_plan = plan(
        *(
            node(
                name,
                CountingSourceCalculator,
                outputs={"number": name},
                side={"counter": "counter"},
                source_layer=layer,
            )
            for name, layer in (("second", 1), ("last", 2), ("first", 0), ("other_second", 1))
        )
    )

    async def scenario() -> dict[str, list[int]]:
        graph = Graph(graph_plan)
        await graph.open({"counter": iter(range(20))})
        seen: dict[str, list[tuple[int, Any]]] = {}
        async with graph, asyncio.timeout(10), graph.run() as run:
            for name in ("first", "second", "other_second", "last"):
                watch(run, name, seen.setdefault(name, []))
        return {name: [value for _, value in packets] for name, packets in seen.items()}

    numbers = asyncio.run(scenario())
    assert numbers["first"] == [0, 1, 2, 3, 4]
    assert numbers["last"] == [15, 16, 17, 18, 19]
    assert sorted(numbers["second"] + numbers["other_second"]) == list(range(5, 15))
    assert {numbers["second"][0], numbers["other_second"][0]} == {5, 6}
    assert {numbers["second"][4], numbers["other_second"][4]} == {13, 14}


def test_34_no_source_can_wait_for_a_side_packet_of_a_source() -> None:
    """A layer-0 source waiting on a side packet from layer 1: refused as a deadlock.

    Difference: only nodes without streams make side packets, so the class is refused already.
    """
    with pytest.raises(DeclarationError, match="has streams and side outputs"):

        class InvertedCalculator(Calculator):
            number = Output[int]()
            packet = SideOutput[int]()


class AddCalculator(Calculator):
    """Adds what comes back by the loop."""

    number = Input[int]()
    loop = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        if self.number in cx:
            cx.send(self.sum, cx[self.number] + cx[self.loop])


class DelayCalculator(Calculator):
    """Sends what it gets one timestamp later, and 0 at 0."""

    timestamp_offset = 1
    inward = Input[int]()
    outward = Output[int]()

    def open(self, cx: Context) -> None:
        cx.send(self.outward, 0, at=0)

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward], at=cx.timestamp + 1)


class AsyncAddCalculator(AddCalculator):
    async def process(self, cx: Context) -> None:  # type: ignore[override]  # async in place of plain
        await asyncio.sleep(0)
        super().process(cx)


@pytest.mark.parametrize("adder", [AddCalculator, AsyncAddCalculator])
@pytest.mark.parametrize("max_queue_size", [1, 100])
def test_35_a_cycle_sums_and_ends(adder: type[Calculator], max_queue_size: int) -> None:
    """Adder and delay (open emits 0@0) with a back edge and EarlyClose: running sums, and it ends."""
    graph = plan(
        node(
            "add",
            adder,
            {"number": "in", "loop": "delayed"},
            {"sum": "sum"},
            policy=PolicyPlan("early_close"),
            back_edges=frozenset({1}),
        ),
        node("delay", DelayCalculator, {"inward": "sum"}, {"outward": "delayed"}),
        inputs=("in",),
        max_queue_size=max_queue_size,
    )

    async def scenario() -> Any:
        async with running(graph, "sum") as (run, seen):
            for number in range(1, 6):
                await run.send("in", number)
        return seen

    assert asyncio.run(scenario()) == [(0, 1), (1, 3), (2, 6), (3, 10), (4, 15)]


class ChangesOffsetCalculator(Calculator):
    """Tries to change its offset on the way."""

    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        self.timestamp_offset = -100  # type: ignore[misc]  # this is what is tried


def test_36_the_offset_is_part_of_the_contract() -> None:
    """Setting the offset in process: error.

    Difference: the offset is an attribute of the class and no call sets it; it is read when the graph is
    loaded, so that what an instance assigns has no effect.
    """
    assert not hasattr(Context, "set_offset")
    graph = plan(
        node("changes", ChangesOffsetCalculator, {"inward": "in"}, {"outward": "nothing"}),
        node("pair", PairCalculator, {"left": "in", "right": "nothing"}, {"pair": "out"}),
        inputs=("in",),
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            for number in range(3):
                await run.send("in", number)
                assert len(seen) == number + 1

    asyncio.run(scenario())


class TenSourceCalculator(Calculator):
    """Sends ten packets in one step."""

    number = Output[int]()

    def process(self, cx: Context) -> None:
        for number in range(10):
            cx.send(self.number, number, at=number)
        cx.stop()


class AsyncTenSourceCalculator(Calculator):
    number = Output[int]()

    async def process(self, cx: Context) -> AsyncIterator[None]:
        for number in range(10):
            cx.send(self.number, number, at=number)
        yield


class SlowSinkCalculator(Calculator):
    """Takes several turns of the event loop for each packet."""

    log = SideInput[list[int]]()
    number = Input[int]()

    async def process(self, cx: Context) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        cx[self.log].append(cx[self.number])


@pytest.mark.parametrize("source", [TenSourceCalculator, AsyncTenSourceCalculator])
def test_37_a_slow_sink_gets_what_a_source_left_behind(source: type[Calculator]) -> None:
    """A fast source closes; the slow sink still gets all 10."""
    graph = plan(
        node("source", source, outputs={"number": "number"}),
        node("sink", SlowSinkCalculator, {"number": "number"}, side={"log": "log"}),
    )
    log: list[int] = []

    async def scenario() -> None:
        async with running(graph, log=log):
            pass

    asyncio.run(scenario())
    assert log == list(range(10))


class ThreeOfFourCalculator(Calculator):
    """Takes longer for some, and drops every fourth."""

    most = SideInput[list[int]]()
    inward = Input[int]()
    outward = Output[int]()

    def __init__(self) -> None:
        self.calls = 0

    async def process(self, cx: Context) -> None:
        number = cx[self.inward]
        self.calls += 1
        cx[self.most][0] = max(cx[self.most][0], self.calls)
        for _ in range(10 - number % 5):
            await asyncio.sleep(0)
        self.calls -= 1
        if number % 4 != 3:
            cx.send(self.outward, number)


def test_38_calls_side_by_side_keep_the_order() -> None:
    """Two chained max_in_flight-5 nodes, 100 inputs, every 4th dropped: 75 outputs in order, in two runs."""
    settings: dict[str, Any] = {"side": {"most": "most"}, "max_in_flight": 5}
    graph_plan = plan(
        node("one", ThreeOfFourCalculator, {"inward": "in"}, {"outward": "between"}, **settings),
        node("two", ThreeOfFourCalculator, {"inward": "between"}, {"outward": "out"}, **settings),
        inputs=("in",),
        max_queue_size=10,
    )
    most = [0]

    async def scenario() -> list[list[tuple[int, Any]]]:
        runs: list[list[tuple[int, Any]]] = [[], []]
        graph = Graph(graph_plan)
        await graph.open({"most": most})
        async with graph, asyncio.timeout(10):
            for seen in runs:
                async with graph.run() as run:
                    watch(run, "out", seen)
                    for number in range(100):
                        await run.send("in", number)
        return runs

    expected = [(number, number) for number in range(100) if number % 4 != 3]
    assert len(expected) == 75
    assert asyncio.run(scenario()) == [expected, expected]
    assert most == [5], "so many calls were under way at once"


class Payload:
    """Something that can be watched."""


class AsyncPassCalculator(PassCalculator):
    async def process(self, cx: Context) -> None:  # type: ignore[override]  # async in place of plain
        super().process(cx)


class CountCalculator(Calculator):
    """Sends how many packets came, and keeps none."""

    inward = Input[Any]()
    count = Output[int](streaming=True)

    def process(self, cx: Context) -> None:
        cx.send(self.count, 1)


@pytest.mark.parametrize(
    ("calculator", "inputs", "settings"),
    [
        (PassCalculator, {"inward": "in"}, {}),
        (AsyncPassCalculator, {"inward": "in"}, {}),
        (AsyncPassCalculator, {"inward": "in"}, {"max_in_flight": 3}),
        (PassCalculator, {"inward": "in"}, {"executor": "pool"}),
        (PassCalculator, {"inward": "in"}, {"on_error": "drop"}),
        (PassCalculator, {"inward": "in"}, {"policy": PolicyPlan("immediate")}),
        (PassCalculator, {"inward": "in"}, {"policy": PolicyPlan("fixed_size")}),
        (PassCalculator, {"inward": "in"}, {"policy": PolicyPlan("barrier")}),
    ],
    ids=["plain", "async", "overlapping", "threads", "drop_on_error", "immediate", "fixed_size", "barrier"],
)
def test_39_a_run_at_rest_keeps_no_packet_alive(
    calculator: type[Calculator], inputs: dict[str, str], settings: dict[str, Any]
) -> None:
    """Live payload count is 0 at idle."""
    graph = plan(
        node("pass", calculator, inputs, {"outward": "passed"}, **settings),
        node("count", CountCalculator, {"inward": "passed"}, {"count": "count"}),
        inputs=("in",),
        threads={"pool": 1},
    )

    async def scenario() -> int:
        async with running(graph, "count") as (run, seen):
            live: weakref.WeakSet[Payload] = weakref.WeakSet()
            for number in range(3):
                payload = Payload()
                live.add(payload)
                await run.send("in", payload)
                del payload
                while len(seen) <= number:
                    await asyncio.sleep(0)
            for _ in range(5):  # tasks that have ended are let go of by the event loop
                await asyncio.sleep(0)
            gc.collect()
            return len(live)
        raise AssertionError

    assert asyncio.run(scenario()) == 0
