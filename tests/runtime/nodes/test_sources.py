"""Sources: nodes without inputs, and runs that come to an end, or are found stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import PortError, RunError
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.runtime.core.core import PUMP_BUDGET
from tests.runtime.plans import node, plan


class YieldCalculator(Calculator):
    """Sends 0 to 9, a packet a step."""

    number = Output[int]()

    def process(self, cx: Context) -> Iterator[None]:
        for number in range(10):
            cx.send(self.number, number, at=number)
            yield


class AsyncYieldCalculator(Calculator):
    number = Output[int]()

    async def process(self, cx: Context) -> AsyncIterator[None]:
        for number in range(10):
            await asyncio.sleep(0)
            cx.send(self.number, number, at=number)
            yield


class StepCalculator(Calculator):
    """Sends 0 to 9, a packet a call."""

    number = Output[int]()

    def __init__(self) -> None:
        self.next = 0

    def process(self, cx: Context) -> None:
        assert cx.timestamp == 0
        cx.send(self.number, self.next, at=self.next)
        self.next += 1
        if self.next == 10:
            cx.stop()


class AsyncStepCalculator(Calculator):
    number = Output[int]()

    def __init__(self) -> None:
        self.next = 0

    async def process(self, cx: Context) -> None:
        cx.send(self.number, self.next, at=self.next)
        self.next += 1
        if self.next == 10:
            cx.stop()


class EndlessCalculator(Calculator):
    """Sends for ever; notes how it opened and closed."""

    log = SideInput[list[Any]]()
    number = Output[int](streaming=True)

    def open(self, cx: Context) -> None:
        cx.send(self.number, -1, at=0)

    def process(self, cx: Context) -> Iterator[None]:
        try:
            while True:
                cx.send(self.number, 1)
                yield
        finally:
            cx[self.log].append("generator closed")

    def close(self, cx: Context) -> None:
        cx.send(self.number, -2)


class PassCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class FirstFiveCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def __init__(self) -> None:
        self.seen = 0

    def process(self, cx: Context) -> None:
        self.seen += 1
        cx.send(self.outward, cx[self.inward])
        if self.seen == 5:
            cx.done(self.inward)


async def values_of(graph_plan: Plan, *streams: str, **side: Any) -> list[Any]:
    """What the streams carry, in the order in which it was sent, of a graph that ends by itself."""
    values: list[Any] = []
    graph = Graph(graph_plan)
    await graph.open(side)
    async with graph, asyncio.timeout(10), graph.run() as run:
        for stream in streams:
            run.observe(stream, lambda packet: values.append(packet.value))
    return values


@pytest.mark.parametrize(
    "source", [YieldCalculator, AsyncYieldCalculator, StepCalculator, AsyncStepCalculator]
)
@pytest.mark.parametrize("max_queue_size", [1, 3, 100])
def test_a_source_sends_what_it_has_and_the_run_ends(source: type[Calculator], max_queue_size: int) -> None:
    graph = plan(
        node("source", source, outputs={"number": "number"}),
        node("pass", PassCalculator, {"inward": "number"}, {"outward": "result"}),
        max_queue_size=max_queue_size,
    )
    assert asyncio.run(values_of(graph, "result")) == list(range(10))


@pytest.mark.parametrize(
    "source", [YieldCalculator, AsyncYieldCalculator, StepCalculator, AsyncStepCalculator]
)
def test_a_consumer_that_is_done_ends_the_source(source: type[Calculator]) -> None:
    graph = plan(
        node("source", source, outputs={"number": "number"}),
        node("five", FirstFiveCalculator, {"inward": "number"}, {"outward": "result"}),
    )
    assert asyncio.run(values_of(graph, "result")) == [0, 1, 2, 3, 4]


def test_an_endless_source_is_closed_cleanly_and_what_open_and_close_sent_is_seen() -> None:
    graph_plan = plan(node("source", EndlessCalculator, outputs={"number": "number"}, side={"log": "log"}))

    async def scenario() -> tuple[list[Any], list[Any]]:
        log: list[Any] = []
        values: list[Any] = []
        graph = Graph(graph_plan)
        await graph.open({"log": log})
        async with graph, asyncio.timeout(10):
            run = graph.run()
            reader = run.read("number")
            run.start()
            values.append((await anext(reader)).value)
            values.append((await anext(reader)).value)
            run.close_sources()
            async for packet in reader:
                values.append(packet.value)
            await run.wait()
        return log, values

    log, values = asyncio.run(scenario())
    assert log == ["generator closed"]
    assert values[0] == -1
    assert values[-1] == -2
    assert set(values[1:-1]) == {1}


def test_an_endless_source_leaves_the_event_loop_its_turn() -> None:
    graph_plan = plan(node("source", EndlessCalculator, outputs={"number": "number"}, side={"log": "log"}))

    async def scenario() -> None:
        graph = Graph(graph_plan)
        await graph.open({"log": []})
        async with graph:
            run = graph.run()
            numbers: list[int] = []
            run.observe("number", lambda packet: numbers.append(packet.value))
            run.start()
            for turn in range(1, 21):
                await asyncio.sleep(0)
                assert len(numbers) <= 1 + (turn + 1) * PUMP_BUDGET  # one of `open`, and a step a drain
            run.close_sources()
            for _ in range(5):
                await asyncio.sleep(0)
            assert run.stopped

    asyncio.run(scenario())


def test_sources_of_one_layer_take_turns_and_a_layer_waits_for_the_one_below() -> None:
    """No. 33: the layer decides who runs first, whatever the order of the nodes."""
    graph = plan(
        node("late", YieldCalculator, outputs={"number": "late"}, source_layer=2),
        node("left", YieldCalculator, outputs={"number": "left"}, source_layer=1),
        node("right", StepCalculator, outputs={"number": "right"}, source_layer=1),
        node("early", YieldCalculator, outputs={"number": "early"}, source_layer=0),
    )

    async def scenario() -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        async with Graph(graph) as opened, asyncio.timeout(10), opened.run() as run:
            for name in ("late", "left", "right", "early"):
                run.observe(name, lambda packet, name=name: seen.append((name, packet.value)))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        return seen

    seen = asyncio.run(scenario())
    assert seen[:10] == [("early", number) for number in range(10)]
    assert seen[30:] == [("late", number) for number in range(10)]
    middle = [name for name, _ in seen[10:30]]
    assert middle[:18:2].count(middle[0]) == 9  # one step each in turn, until the generator's end is found


@pytest.mark.parametrize("source", [YieldCalculator, AsyncStepCalculator])
@pytest.mark.parametrize("read", ["next", "pour", "take"])
def test_a_graph_without_inputs_is_started_by_its_first_read(source: type[Calculator], read: str) -> None:
    values: list[int] = []

    def keep(some: list[int]) -> bool:
        values.extend(some)
        return True

    async def scenario() -> None:
        alone = plan(node("source", source, {}, {"number": "numbers"}))
        async with asyncio.timeout(10), Graph(alone) as graph:
            run = graph.run()
            reader = run.read("numbers")
            if read == "next":
                values.extend([packet.value async for packet in reader])
            elif read == "pour":
                assert not await reader.pour(keep)
            while read == "take" and len(values) < 10:
                values.extend(packet.value for packet in reader.take())
                await asyncio.sleep(0)
            await run.wait()

    asyncio.run(scenario())
    assert values == list(range(10))


def test_only_a_source_can_stop() -> None:
    class StopCalculator(PassCalculator):
        def process(self, cx: Context) -> None:
            cx.stop()

    async def scenario() -> None:
        graph = plan(
            node("stop", StopCalculator, {"inward": "number"}, {"outward": "result"}), inputs=("number",)
        )
        async with Graph(graph) as opened, opened.run() as run:
            await run.send("number", 1)

    with pytest.raises(RunError, match="stop is no source") as raised:
        asyncio.run(scenario())
    assert isinstance(raised.value.__cause__, PortError)


class AddCalculator(Calculator):
    """Adds what comes back by the loop; nobody sends the first sum."""

    number = Input[int]()
    loop = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, cx[self.number] + cx[self.loop])


def test_a_loop_that_nobody_primes_is_found_and_named() -> None:
    graph = plan(
        node(
            "add",
            AddCalculator,
            {"number": "number", "loop": "sum"},
            {"sum": "sum"},
            back_edges=frozenset({1}),
        ),
        inputs=("number",),
    )

    async def scenario() -> str:
        async with Graph(graph) as opened, asyncio.timeout(10):
            run = opened.run()
            await run.send("number", 1)
            explained = run.explain_stall()
            run.close_inputs()
            await run.wait()
        return explained

    with pytest.raises(RunError, match="the run can go no further: test:add: node 'add'") as raised:
        asyncio.run(scenario())
    assert (
        "with 1 packets from 0 on 'number' waits for input 'loop': node 'add' (test:add) has sent nothing on stream 'sum' yet"
        in str(raised.value)
    )


def test_a_stall_is_explained_on_demand() -> None:
    class PairCalculator(Calculator):
        left = Input[int]()
        right = Input[int]()

    graph = plan(
        node("pass", PassCalculator, {"inward": "b"}, {"outward": "slow"}),
        node("pair", PairCalculator, {"left": "a", "right": "slow"}),
        inputs=("a", "b"),
    )

    async def scenario() -> str:
        async with Graph(graph) as opened:
            run = opened.run()
            await run.send("a", 1, at=5)
            await run.send("b", 1, at=3)
            explained = run.explain_stall()
            run.cancel()
            return explained
        raise AssertionError

    assert asyncio.run(scenario()) == (
        "test:pass: node 'pass' waits for input 'inward': who feeds the graph has settled stream 'b' only below 4; "
        "test:pair: node 'pair' with 1 packets from 5 on 'left' waits for input 'right': "
        "node 'pass' (test:pass) has settled stream 'slow' only below 4"
    )
