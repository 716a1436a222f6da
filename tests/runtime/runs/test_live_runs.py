"""A graph knows its live runs by id, and ends them when it closes."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import OvpipeError, RunCancelled
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.runtime import Graph, Run, Trace
from tests.runtime.plans import node, plan


class PassCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


def passing() -> Plan:
    return plan(node("pass", PassCalculator, {"inward": "number"}, {"outward": "out"}), inputs=("number",))


def test_a_run_is_in_its_graphs_runs_from_its_start_to_its_end() -> None:
    async def scenario() -> None:
        async with Graph(passing()) as graph, asyncio.timeout(10):
            runs = graph.runs
            run = graph.run(id="mine")
            assert dict(runs) == {}
            run.start()
            assert dict(runs) == {"mine": run}
            assert runs["mine"].snapshot().id == "mine"
            async with graph.run() as other:
                await other.send("number", 1)
                assert list(runs) == ["mine", other.id]
            assert list(runs) == ["mine"]
            run.close_inputs()
            await run.wait()
            assert len(runs) == 0

    asyncio.run(scenario())


def test_ids_are_counted_and_come_from_a_source_that_can_be_replaced() -> None:
    async def scenario() -> list[str]:
        async with Graph(passing()) as graph:
            ids = [graph.run().id, graph.run(id="given").id, graph.run().id]
            graph.run_ids = iter(["recorded"])
            return [*ids, graph.run().id]

    assert asyncio.run(scenario()) == ["1", "given", "2", "recorded"]


def test_two_live_runs_of_one_id_are_refused_and_one_after_the_other_are_not() -> None:
    async def scenario() -> None:
        async with Graph(passing()) as graph, asyncio.timeout(10):
            async with graph.run(id="same") as first:
                await first.send("number", 1)
                second = graph.run(id="same")
                with pytest.raises(OvpipeError, match="'test' has a live run with the id 'same': give each"):
                    second.start()
                second.cancel()
                with pytest.raises(RunCancelled):
                    await second.wait()
                assert graph.runs["same"] is first
            async with graph.run(id="same") as third:
                await third.send("number", 1)

    asyncio.run(scenario())


def test_a_run_that_has_ended_is_freed_at_once_without_the_garbage_collector() -> None:
    async def scenario() -> Run | None:
        async with Graph(passing()) as graph, asyncio.timeout(10):
            async with graph.run() as run:
                reader = run.read("out")
                run.attach(Trace())
                await run.send("number", 1)
                run.close_inputs()
                assert [packet.value async for packet in reader] == [1]
            gone = weakref.ref(run)
            del run, reader
            await asyncio.sleep(0)
            return gone()

    gc.disable()
    try:
        assert asyncio.run(scenario()) is None
    finally:
        gc.enable()


class WaitingCalculator(Calculator):
    """Notes its close, and that of the side packet that it uses."""

    resource = SideInput[list[str]]()
    inward = Input[Any]()

    async def process(self, cx: Context) -> None:
        await asyncio.Event().wait()

    def close(self, cx: Context) -> None:
        cx[self.resource].append(f"{cx.node_name} closed")


class PlainCalculator(WaitingCalculator):
    def process(self, cx: Context) -> None:  # type: ignore[override]  # the base's is async
        pass


class ThreadCalculator(WaitingCalculator):
    def process(self, cx: Context) -> None:  # type: ignore[override]  # the base's is async
        begun, release = cx[self.inward]
        begun.set()
        release.wait(10)


class ResourceCalculator(Calculator):
    made = SideOutput[list[str]]()

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def open(self, cx: Context) -> None:
        cx.set_side(self.made, self.log)

    def close(self, cx: Context) -> None:
        self.log.append("resource closed")


def with_resource(log: list[str], *nodes: Any, threads: dict[str, int] | None = None) -> Plan:
    """A graph of these nodes, each of which reads the input and the log that a streamless node makes."""
    made = plan(*nodes, inputs=("in",), threads=threads)
    resource = NodePlan(
        name="resource",
        calculator=ResourceCalculator,
        options={"log": log},
        inputs=(),
        outputs=(),
        side_inputs=(),
        side_outputs=((ResourceCalculator.made, "log"),),
        place="test:resource",
    )
    return Plan(
        made.name,
        made.file,
        made.streams,
        made.inputs,
        made.outputs,
        (),
        (resource,),
        made.nodes,
        executors=made.executors,
    )


def reading(name: str, calculator: type[Calculator], **settings: Any) -> Any:
    """A node of `with_resource`."""
    return node(name, calculator, {"inward": "in"}, side={"resource": "log"}, **settings)


async def begin(graph: Graph, value: Any = None) -> Run:
    """A run with a packet in it."""
    run = graph.run()
    await run.send("in", value)
    await asyncio.sleep(0)
    return run


@pytest.mark.parametrize("calculator", [PlainCalculator, WaitingCalculator])
def test_a_graph_that_closes_ends_its_runs_before_it_closes_what_they_use(
    calculator: type[Calculator],
) -> None:
    log: list[str] = []

    async def scenario() -> None:
        graph = Graph(with_resource(log, reading("node", calculator)))
        await graph.open()
        runs = [await begin(graph) for _ in range(2)]
        async with asyncio.timeout(10):
            await graph.close()
        assert dict(graph.runs) == {}
        for run in runs:
            with pytest.raises(RunCancelled):
                await run.wait()

    asyncio.run(scenario())
    assert log == ["node closed", "node closed", "resource closed"]


def test_a_graph_that_closes_waits_for_calls_on_threads() -> None:
    log: list[str] = []
    begun, release = threading.Event(), threading.Event()

    async def scenario() -> None:
        graph = Graph(
            with_resource(log, reading("node", ThreadCalculator, executor="pool"), threads={"pool": 1})
        )
        await graph.open()
        run = await begin(graph, (begun, release))
        await asyncio.to_thread(begun.wait, 10)
        closing = asyncio.create_task(graph.close())
        await asyncio.sleep(0.02)
        assert log == []
        release.set()
        async with asyncio.timeout(10):
            await closing
        assert run.stopped

    asyncio.run(scenario())
    assert log == ["node closed", "resource closed"]


def test_a_run_that_does_not_end_in_time_is_named_and_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    begun, release = threading.Event(), threading.Event()

    async def scenario() -> None:
        graph = Graph(
            with_resource(log, reading("node", ThreadCalculator, executor="pool"), threads={"pool": 1})
        )
        await graph.open()
        run = await begin(graph, (begun, release))
        await asyncio.to_thread(begun.wait, 10)
        await graph.close(timeout=0.01)
        assert log == ["resource closed"]
        release.set()
        with pytest.raises(RunCancelled):
            await run.wait()

    asyncio.run(scenario())
    [record] = caplog.records
    assert record.getMessage() == (
        "graph 'test': the nodes of run 1 did not close within 0.01 s; it is left behind: "
        "test:node: node 'node' is in a call at 0 that has not ended"
    )


def test_a_run_of_a_closed_graph_cannot_start_and_can_be_cancelled() -> None:
    async def scenario() -> None:
        graph = Graph(passing())
        await graph.open()
        run, other = graph.run(), graph.run()
        await graph.close()
        with pytest.raises(OvpipeError, match="graph 'test' is closed: run '1' cannot start any more"):
            await run.send("number", 1)
        other.cancel()
        with pytest.raises(RunCancelled):
            await other.wait()

    asyncio.run(scenario())
