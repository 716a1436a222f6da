"""Numbers 40 to 55: flow control, errors, and what users of a graph see."""

from __future__ import annotations

import asyncio
import gc
import inspect
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import (
    GraphError,
    NotFoundError,
    QueueFullError,
    RunCancelled,
    RunError,
    StalledError,
)
from ovpipe.graph import load_graph_text
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from tests.conformance.graphs import PairCalculator, PassCalculator, running
from tests.runtime.plans import node, plan

PASS = plan(node("pass", PassCalculator, {"inward": "in"}, {"outward": "out"}), inputs=("in",))


class GatedCalculator(Calculator):
    """Holds every packet until the gate opens."""

    gate = SideInput[asyncio.Event]()
    inward = Input[int]()
    outward = Output[int]()

    async def process(self, cx: Context) -> None:
        await cx[self.gate].wait()
        cx.send(self.outward, cx[self.inward])


async def refused_of_twenty(max_queue_size: int) -> tuple[int, int]:
    """How many of twenty offers a blocked consumer's queue refuses, and how many packets came out."""
    graph = plan(
        node("gated", GatedCalculator, {"inward": "in"}, {"outward": "out"}, side={"gate": "gate"}),
        inputs=("in",),
        max_queue_size=max_queue_size,
    )
    gate = asyncio.Event()
    async with running(graph, "out", gate=gate) as (run, seen):
        refused = 0
        for number in range(20):
            refused += not run.offer("in", number)
            await asyncio.sleep(0)
        gate.set()
    return refused, len(seen)


def test_40_an_offer_to_a_full_queue_is_refused() -> None:
    """max_queue 1, consumer blocked, add-if-not-full 20 times: at least 18 refused; -1: none refused.

    Difference: a queue always has a limit, so that none is refused by one that is large enough.
    """
    refused, out = asyncio.run(refused_of_twenty(1))
    assert refused >= 18
    assert out == 20 - refused
    assert asyncio.run(refused_of_twenty(100)) == (0, 20)


TWO_INPUTS = (node("pair", PairCalculator, {"left": "in_1", "right": "in_2"}, {"pair": "out"}),)


def test_41_a_full_queue_grows_when_nothing_else_can_move() -> None:
    """Max 2, in_1 adds 1..9, in_2 silent: all accepted (the queue grows); in_2@30 flushes."""

    async def scenario() -> None:
        graph = plan(*TWO_INPUTS, inputs=("in_1", "in_2"), max_queue_size=2)
        async with running(graph, "out") as (run, seen):
            for time in range(1, 10):
                await run.send("in_1", time, at=time)
            assert seen == []
            await run.send("in_2", 30, at=30)
            assert seen == [(time, (time, None)) for time in range(1, 10)]

    asyncio.run(scenario())


def test_41_a_graph_that_reports_deadlocks_fails_instead() -> None:
    """With report_deadlock: the third add fails."""

    async def scenario() -> None:
        graph = plan(*TWO_INPUTS, inputs=("in_1", "in_2"), max_queue_size=2, report_deadlock=True)
        message = (
            "deadlock: the queue of stream 'in_1' before pair is full with 2 packets .* "
            "node 'pair' with 2 packets from 1 on 'left' waits for input 'right'"
        )
        with pytest.raises(RunError, match=message):
            async with running(graph) as (run, _):
                await run.send("in_1", 1, at=1)
                await run.send("in_1", 2, at=2)
                with pytest.raises(RunError, match=message) as caught:
                    await run.send("in_1", 3, at=3)
                assert isinstance(caught.value.__cause__, StalledError)
                await run.wait()

    asyncio.run(scenario())


def test_41_a_queue_that_has_grown_to_its_cap_fails_the_run_and_is_named() -> None:
    """Max 2, in_1 adds, in_2 silent: all accepted.

    Difference: a queue does not grow without end. At 16 times its limit the deadlock is reported.
    """

    async def scenario() -> int:
        accepted = 0
        graph = plan(*TWO_INPUTS, inputs=("in_1", "in_2"), max_queue_size=2)
        with pytest.raises(RunError, match="deadlock: the queue of stream 'in_1' before pair") as caught:
            async with running(graph) as (run, _):
                for time in range(100):
                    await run.send("in_1", time, at=time)
                    accepted += 1
        assert isinstance(caught.value.__cause__, StalledError)
        return accepted

    assert asyncio.run(scenario()) in (31, 32)


def test_41_a_stream_that_must_not_grow_refuses_the_packet_too_many() -> None:
    """With report_deadlock: the third add fails. So it does where the graph says `overflow: error` of one stream."""
    graph = plan(*TWO_INPUTS, inputs=("in_1", "in_2"), max_queue_size=2, overflow={"in_1": "error"})

    async def scenario() -> None:
        async with running(graph) as (run, _):
            await run.send("in_1", 1, at=1)
            await run.send("in_1", 2, at=2)
            with pytest.raises(QueueFullError, match="a queue of stream 'in_1' is full"):
                await run.send("in_1", 3, at=3)

    asyncio.run(scenario())


@pytest.mark.parametrize(("read", "accepted"), [("in", 5), ("out", 10)])
def test_42_a_reader_that_does_not_read_stops_the_run_without_spinning(read: str, accepted: int) -> None:
    """A reader's queue of 5 full: the 6th add fails and the scheduler does not spin.

    Difference: back pressure is local. A reader of the graph's input refuses the 6th; with a reader
    below a node, 5 more wait before the node.
    """

    async def scenario() -> None:
        graph = plan(*PASS_NODES, inputs=("in",), max_queue_size=5)
        async with Graph(graph) as opened, asyncio.timeout(10):
            run = opened.run()
            reader = run.read(read)
            offers = [run.offer("in", number) for number in range(12)]
            assert offers == [True] * accepted + [False] * (12 - accepted)
            turns = run.turns
            for _ in range(20):
                await asyncio.sleep(0)
            assert run.turns == turns
            run.close_inputs()
            assert [packet.value async for packet in reader] == list(range(accepted))
            await run.wait()

    asyncio.run(scenario())


PASS_NODES = (node("pass", PassCalculator, {"inward": "in"}, {"outward": "out"}),)


def test_43_the_first_packet_starts_the_run() -> None:
    """Adding before the start: error.

    Difference: the first packet starts the run. What must be there before it, readers and observers, is
    refused afterwards.
    """

    async def scenario() -> None:
        async with running(PASS, "out") as (run, seen):
            await run.send("in", "first")
            assert seen == [(0, "first")]
            with pytest.raises(RuntimeError, match="before the run starts"):
                run.read("out")
            with pytest.raises(RuntimeError, match="before the run starts"):
                run.observe("out", print)

    asyncio.run(scenario())


class FailsAtNineCalculator(PassCalculator):
    """Fails at timestamp 9."""

    def process(self, cx: Context) -> None:
        if cx.timestamp == 9:
            raise ValueError("nine is too much")
        super().process(cx)


FAILS = plan(node("fails", FailsAtNineCalculator, {"inward": "in"}, {"outward": "out"}), inputs=("in",))


def test_44_a_failed_run_gives_its_error_to_all_who_ask() -> None:
    """Process fails at ts 9: a later add fails with its message; the run has an error; waiting returns the same."""

    async def scenario() -> None:
        async with Graph(FAILS) as graph, asyncio.timeout(10):
            run = graph.run()
            for time in range(10):
                await run.send("in", time, at=time)
            with pytest.raises(RunError, match="nine is too much") as added:
                await run.send("in", 10, at=10)
            with pytest.raises(RunError) as offered:
                run.offer("in", 10, at=10)
            with pytest.raises(RunError) as bounded:
                run.set_bound("in", 20)
            with pytest.raises(RunError) as waited:
                await run.wait()
            assert run.stopped
            assert added.value is waited.value is offered.value is bounded.value
            assert added.value.timestamp == 9
            assert added.value.node == "fails"

    asyncio.run(scenario())


def test_45_a_run_after_a_failed_run_succeeds() -> None:
    """A good run after a failed run succeeds."""

    async def scenario() -> list[Any]:
        values: list[Any] = []
        async with Graph(FAILS) as graph, asyncio.timeout(10):
            with pytest.raises(RunError):
                async with graph.run() as run:
                    await run.send("in", "bad", at=9)
            async with graph.run() as run:
                run.observe("out", lambda packet: values.append(packet.value))
                await run.send("in", "good", at=8)
        return values

    assert asyncio.run(scenario()) == ["good"]


def test_46_a_run_with_open_inputs_can_be_cancelled() -> None:
    """Cancel with open inputs, or paused: waiting returns cancelled.

    Difference: a run cannot be paused; the nearest is a reader that does not read.
    """

    async def scenario() -> None:
        graph = plan(*PASS_NODES, inputs=("in",), max_queue_size=1)
        async with Graph(graph) as opened, asyncio.timeout(10):
            idle = opened.run()
            await idle.send("in", 1)
            held_up = opened.run()
            held_up.read("out")
            while held_up.offer("in", 1):
                pass
            for run in (idle, held_up):
                run.cancel()
                with pytest.raises(RunCancelled):
                    await run.wait()
                with pytest.raises(RunCancelled):
                    await run.send("in", 2)

    asyncio.run(scenario())


def test_47_an_observers_error_fails_the_run() -> None:
    """An observer's error fails the run."""

    def refuse(packet: Any) -> None:
        raise ValueError("not this one")

    async def scenario() -> None:
        async with Graph(PASS) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("out", refuse)
            await run.send("in", 1)

    with pytest.raises(RunError, match="an observer of stream 'out' failed: ValueError: not this one"):
        asyncio.run(scenario())


def test_47_an_unknown_stream_is_not_found_and_the_names_are_told() -> None:
    """An unknown stream is "not found" with the names there are."""

    async def scenario() -> None:
        async with running(PASS) as (run, _):
            with pytest.raises(NotFoundError, match="no stream 'sideways' .*: there are: in, out"):
                run.observe("sideways", print)
            with pytest.raises(NotFoundError, match="no stream 'sideways' .*: there are: in, out"):
                run.read("sideways")
            with pytest.raises(NotFoundError, match="'sideways' is no input .*: there are: in"):
                await run.send("sideways", 1)

    asyncio.run(scenario())


def test_48_a_reader_gives_every_packet_and_then_ends() -> None:
    """A reader: next true 1000 times, then false."""

    async def scenario() -> int:
        async with Graph(PASS) as graph, asyncio.timeout(10):
            run = graph.run()
            reader = run.read("out")

            async def feed() -> None:
                for number in range(1000):
                    await run.send("in", number)
                run.close_inputs()

            feeding = asyncio.create_task(feed())
            for number in range(1000):
                assert (await anext(reader)).value == number
            with pytest.raises(StopAsyncIteration):
                await anext(reader)
            with pytest.raises(StopAsyncIteration):
                await anext(reader)
            await feeding
            await run.wait()
        return number

    assert asyncio.run(scenario()) == 999


class EndlessCalculator(Calculator):
    """Sends for ever, and a packet each in open and close."""

    number = Output[int](streaming=True)

    def open(self, cx: Context) -> None:
        cx.send(self.number, -1, at=0)

    def process(self, cx: Context) -> Iterator[None]:
        while True:
            cx.send(self.number, 1)
            yield

    def close(self, cx: Context) -> None:
        cx.send(self.number, -2)


def test_49_closing_the_sources_ends_a_run_that_would_not_end() -> None:
    """Infinite source: closing all sources is clean; the packets of open and close are both seen."""

    async def scenario() -> Any:
        async with running(plan(node("endless", EndlessCalculator, outputs={"number": "out"})), "out") as (
            run,
            seen,
        ):
            run.start()
            while len(seen) < 10:
                await asyncio.sleep(0)
            run.close_sources()
            await run.wait()
        return [value for _, value in seen]

    values = asyncio.run(scenario())
    assert values[0] == -1
    assert values[-1] == -2
    assert set(values[1:-1]) == {1}


def test_50_an_unfinished_run_can_be_dropped() -> None:
    """Dropping a started, unfinished run does not hang, and frees it."""

    async def scenario() -> Any:
        async with Graph(PASS) as graph, asyncio.timeout(10):
            run = graph.run()
            await run.send("in", 1)
            dropped = weakref.ref(run)
            del run
            await asyncio.sleep(0)
            gc.collect()
            return dropped()

    assert asyncio.run(scenario()) is None


def test_50_a_run_in_the_middle_of_a_call_can_be_dropped() -> None:
    """Dropping a started, unfinished run does not hang: not with a call that awaits either."""
    graph_plan = plan(
        node("gated", GatedCalculator, {"inward": "in"}, {"outward": "out"}, side={"gate": "gate"}),
        inputs=("in",),
    )

    async def scenario() -> None:
        graph = Graph(graph_plan)
        await graph.open({"gate": asyncio.Event()})
        async with graph:
            run = graph.run()
            await run.send("in", 1)
            dropped = weakref.ref(run)
            del run
            (call,) = asyncio.all_tasks() - {asyncio.current_task()}
            call.cancel()  # as asyncio.run does with what is left
            await asyncio.wait([call], timeout=10)
            del call
            gc.collect()
            assert dropped() is None

    asyncio.run(scenario())


class MakesCalculator(Calculator):
    """Makes a side packet, as often as it is told to."""

    made = SideOutput[object]()

    def __init__(self, *, times: int = 1) -> None:
        self.times = times

    def open(self, cx: Context) -> None:
        for _ in range(self.times):
            cx.set_side(self.made, object())


class UsesCalculator(Calculator):
    """Sends the side packet's identity."""

    made = SideInput[object]()
    inward = Input[int]()
    identity = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.identity, id(cx[self.made]))


MAKES = """
version: 1
inputs: [in]
outputs: [out]
nodes:
  makes: {calculator: MakesCalculator, side_outputs: {made: made}, options: {times: %d}}
  uses: {calculator: UsesCalculator, inputs: {inward: in}, side_inputs: {made: made}, outputs: {identity: out}}
"""
MAKERS = Registry.of(MakesCalculator, UsesCalculator)


def test_51_a_side_packet_is_set_once() -> None:
    """Side packet set twice: error."""

    async def scenario() -> None:
        async with Graph(load_graph_text(MAKES % 2, registry=MAKERS)):
            pass

    with pytest.raises(RunError, match="side packet 'made' was set twice"):
        asyncio.run(scenario())


def test_51_a_side_packet_has_no_timestamp() -> None:
    """Side packet with a timestamp: error.

    Difference: there is no way to give it one.
    """
    assert list(inspect.signature(Context.set_side).parameters) == ["self", "port", "value"]


def test_51_a_side_packet_is_the_same_object_in_every_run() -> None:
    """The same object in 3 runs."""

    async def scenario() -> list[Any]:
        identities: list[Any] = []
        async with Graph(load_graph_text(MAKES % 1, registry=MAKERS)) as graph:
            for _ in range(3):
                async with graph.run() as run:
                    run.observe("out", lambda packet: identities.append(packet.value))
                    await run.send("in", 1)
            assert identities == [id(graph.side_packets["made"])] * 3
        return identities

    assert len(asyncio.run(scenario())) == 3


EXECUTORS = """version: 1
inputs: [in]
executors:
  pool: {threads: 1}%s
nodes:
  pass:
    calculator: PassCalculator
    inputs: {inward: in}
    executor: %s
"""


def test_52_an_executor_is_declared_once() -> None:
    """An undeclared executor: refused; declared twice: refused."""
    registry = Registry.of(PassCalculator)
    load_graph_text(EXECUTORS % ("", "pool"), file="pools.yaml", registry=registry)
    with pytest.raises(GraphError, match=r"pools.yaml:9: .*executor.*'pol'.*'pool'"):
        load_graph_text(EXECUTORS % ("", "pol"), file="pools.yaml", registry=registry)
    with pytest.raises(GraphError, match=r"pools.yaml:5: .*pool"):
        load_graph_text(EXECUTORS % ("\n  pool: {threads: 2}", "pool"), file="pools.yaml", registry=registry)


def test_54_a_subgraph_expands_under_the_name_of_its_node(tmp_path: Path) -> None:
    """A subgraph expands with its nodes and inner streams prefixed by its node's name."""
    (tmp_path / "twice.yaml").write_text("""version: 1
inputs: [once]
outputs: [twice]
nodes:
  first: {calculator: PassCalculator, inputs: {inward: once}, outputs: {outward: between}}
  second: {calculator: PassCalculator, inputs: {inward: between}, outputs: {outward: twice}}
""")
    (tmp_path / "whole.yaml").write_text("""version: 1
inputs: [in]
outputs: [out]
nodes:
  a: {graph: twice.yaml, inputs: {once: in}, outputs: {twice: middle}}
  b: {graph: twice.yaml, inputs: {once: middle}, outputs: {twice: out}}
""")

    async def scenario() -> list[Any]:
        values: list[Any] = []
        async with Graph.load(tmp_path / "whole.yaml", registry=Registry.of(PassCalculator)) as graph:
            names = [entry.name for entry in graph.plan.nodes]
            streams = {stream.name for stream in graph.plan.streams}
            async with graph.run() as run:
                run.observe("out", lambda packet: values.append(packet.value))
                await run.send("in", 1)
        assert names == ["a.first", "a.second", "b.first", "b.second"]
        assert streams == {"in", "a.between", "middle", "b.between", "out"}
        return values

    assert asyncio.run(scenario()) == [1]


class MayUseCalculator(Calculator):
    """Works with a resource and without."""

    engine = SideInput[object](optional=True)
    inward = Input[int]()
    outward = Output[bool]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, self.engine in cx)


def test_55_a_required_resource_that_is_missing_is_named() -> None:
    """A required shared resource that is missing: refused by name."""
    text = """
version: 1
name: talk
inputs: [in]
side_inputs: [engine]
nodes:
  uses: {calculator: MayUseCalculator, inputs: {inward: in}, side_inputs: {engine: engine}}
"""

    async def scenario() -> None:
        await Graph(load_graph_text(text, registry=Registry.of(MayUseCalculator))).open()

    with pytest.raises(NotFoundError, match="graph 'talk' requires .*: engine"):
        asyncio.run(scenario())


def test_55_a_required_port_cannot_take_a_resource_that_may_be_missing() -> None:
    """A required shared resource that is missing: refused by name: here before the graph opens."""
    text = """version: 1
inputs: [in]
side_inputs: [{name: engine, optional: true}]
nodes:
  uses: {calculator: UsesCalculator, inputs: {inward: in}, side_inputs: {made: engine}}
"""
    with pytest.raises(
        GraphError, match=r"talk.yaml:5: UsesCalculator.made must be wired, but side packet 'engine'"
    ):
        load_graph_text(text, file="talk.yaml", registry=Registry.of(UsesCalculator))


OPTIONAL = """version: 1
inputs: [in]
outputs: [out]
side_inputs: [{name: engine, optional: true}]
nodes:
  uses: {calculator: MayUseCalculator, inputs: {inward: in}, side_inputs: {engine: engine}, outputs: {outward: out}}
"""
AROUND = """version: 1
inputs: [in]
outputs: [out]
side_inputs: [%s]
nodes:
  part: {graph: part.yaml, inputs: {in: in}, %soutputs: {out: out}}
"""
WIRE = "side_inputs: {engine: engine}, "


@pytest.mark.parametrize(
    ("text", "given", "there"),
    [
        pytest.param(OPTIONAL, {"engine": 1}, True, id="given"),
        pytest.param(OPTIONAL, None, False, id="not given"),
        pytest.param(AROUND % ("engine", WIRE), {"engine": 1}, True, id="given to a subgraph"),
        pytest.param(AROUND % ("", ""), None, False, id="not wired to a subgraph"),
        pytest.param(
            AROUND % ("{name: engine, optional: true}", WIRE), None, False, id="wired and not given"
        ),
    ],
)
def test_55_an_optional_resource_may_be_missing(
    text: str, given: dict[str, Any] | None, there: bool, tmp_path: Path
) -> None:
    """An optional one: fine."""
    (tmp_path / "part.yaml").write_text(OPTIONAL)
    (tmp_path / "whole.yaml").write_text(text)

    async def scenario() -> list[Any]:
        values: list[Any] = []
        graph = Graph.load(tmp_path / "whole.yaml", registry=Registry.of(MayUseCalculator))
        await graph.open(given)
        async with graph, graph.run() as run:
            run.observe("out", lambda packet: values.append(packet.value))
            await run.send("in", 1)
        return values

    assert asyncio.run(scenario()) == [there]
