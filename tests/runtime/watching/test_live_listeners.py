"""Listeners come to a run that is under way and leave it; the run goes on as if nobody had listened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph, Run, Trace
from ovpipe.runtime.watching.events import Call, Full, Sent, Waited, WatchedRun
from ovpipe.runtime.watching.listener import Listener
from ovpipe.runtime.watching.node_metrics import NodeCounters
from tests.runtime.plans import node, plan


class TicksCalculator(Calculator):
    """Streams a packet for each tick that it is given from outside, all within one call of process."""

    start = Input[asyncio.Queue[int]]()
    tick = Output[int](streaming=True)

    async def process(self, cx: Context) -> None:
        ticks = cx[self.start]
        while (tick := await ticks.get()) >= 0:
            cx.send(self.tick, tick)
            ticks.task_done()
        ticks.task_done()


class PassCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


def streaming() -> Plan:
    return plan(
        node("ticks", TicksCalculator, {"start": "start"}, {"tick": "ticks"}),
        node("pass", PassCalculator, {"inward": "ticks"}, {"outward": "out"}),
        inputs=("start",),
    )


class Notes(Listener):
    """Writes down what it hears: calls by node and timestamp, packets by stream and value."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def attached(self, run: WatchedRun) -> None:
        self.heard.append(f"+{run.graph}/{run.id}")

    def call_ended(self, call: Call) -> None:
        self.heard.append(f"{call.run.blueprint.nodes[call.node].name}@{call.ts}")

    def packet_sent(self, sent: Sent, value: Any) -> None:
        self.heard.append(f"{sent.run.blueprint.streams[sent.stream]}={value}")

    def detached(self, run: WatchedRun) -> None:
        self.heard.append(f"-{run.id}")


async def tick(ticks: asyncio.Queue[int], *values: int) -> None:
    """Has the streaming node send these, and waits until it has."""
    for value in values:
        ticks.put_nowait(value)
    await ticks.join()


async def started(graph: Graph, ticks: asyncio.Queue[int]) -> Run:
    """A run whose streaming node is in its one call."""
    run = graph.run(id="r")
    await run.send("start", ticks)
    run.close_inputs()
    await tick(ticks, 0)
    return run


def test_a_listener_comes_in_the_middle_of_a_streaming_call_leaves_and_comes_again() -> None:
    notes, whole = Notes(), Notes()

    async def scenario() -> None:
        ticks: asyncio.Queue[int] = asyncio.Queue()
        async with Graph(streaming()) as graph, asyncio.timeout(10):
            run = await started(graph, ticks)
            run.attach(notes)
            await tick(ticks, 1)
            run.detach(notes)
            await tick(ticks, 2)
            run.attach(notes)
            run.attach(whole)
            await tick(ticks, 3)
            run.detach(whole)
            await tick(ticks, 4, -1)
            await run.wait()

    asyncio.run(scenario())
    assert notes.heard == [
        "+test/r",
        *("ticks=1", "out=1", "pass@1"),
        "-r",
        "+test/r",
        *("ticks=3", "out=3", "pass@3"),
        *("ticks=4", "out=4", "pass@4"),
        "ticks@0",
        "-r",
    ]
    assert whole.heard == ["+test/r", "ticks=3", "out=3", "pass@3", "-r"]


def test_a_call_that_was_under_way_is_reported_once_when_it_ends_from_when_it_was_first_watched() -> None:
    class Calls(Listener):
        def __init__(self) -> None:
            self.calls: list[Call] = []

        def call_ended(self, call: Call) -> None:
            if call.node == 0:
                self.calls.append(call)

    early, late = Calls(), Calls()

    async def scenario() -> None:
        ticks: asyncio.Queue[int] = asyncio.Queue()
        async with Graph(streaming()) as graph, asyncio.timeout(10):
            run = graph.run()
            run.attach(early)
            await run.send("start", ticks)
            run.close_inputs()
            await tick(ticks, 0)
            run.detach(early)
            await tick(ticks, 1)
            run.attach(late)
            await tick(ticks, 2, -1)
            await run.wait()

    asyncio.run(scenario())
    assert early.calls == []
    [call] = late.calls
    assert (call.ts, call.taken) == (0, ((0, 0),))


def test_the_call_after_the_one_that_was_under_way_is_reported_once() -> None:
    gate: asyncio.Queue[None] = asyncio.Queue()

    class WaitsCalculator(Calculator):
        inward = Input[int]()
        outward = Output[int]()

        async def process(self, cx: Context) -> None:
            await gate.get()
            cx.send(self.outward, cx[self.inward])

    notes = Notes()
    waits = plan(node("waits", WaitsCalculator, {"inward": "in"}, {"outward": "out"}), inputs=("in",))

    async def scenario() -> None:
        async with Graph(waits) as graph, asyncio.timeout(10):
            run = graph.run(id="r")
            out = run.read("out")
            await run.send("in", 0)
            await asyncio.sleep(0)
            run.attach(notes)
            await run.send("in", 1)
            gate.put_nowait(None)
            assert (await anext(out)).value == 0
            await asyncio.sleep(0)
            run.detach(notes)
            run.attach(notes)
            gate.put_nowait(None)
            run.close_inputs()
            assert (await anext(out)).value == 1
            await run.wait()

    asyncio.run(scenario())
    assert [heard for heard in notes.heard if "@" in heard] == ["waits@0", "waits@1"]


@pytest.mark.parametrize("settings", [{"executor": "pool"}, {"max_in_flight": 2}])
def test_calls_side_by_side_and_calls_on_threads_are_heard_on_the_event_loop(
    settings: dict[str, Any],
) -> None:
    class ThreadCalculator(PassCalculator):
        pass

    if "max_in_flight" in settings:

        async def process(self: PassCalculator, cx: Context) -> None:
            await asyncio.sleep(0)
            cx.send(self.outward, cx[self.inward])

        setattr(ThreadCalculator, "process", process)  # noqa: B010  # mypy would not have it assigned
    graph = plan(
        node("thread", ThreadCalculator, {"inward": "number"}, {"outward": "same"}, **settings),
        inputs=("number",),
        threads={"pool": 1},
    )
    loops: list[object] = []

    class Loops(Listener):
        def call_ended(self, call: Call) -> None:
            loops.append(asyncio.get_running_loop())  # raises on any other thread

    async def scenario() -> object:
        async with Graph(graph) as opened, asyncio.timeout(10), opened.run() as run:
            await run.send("number", 1)
            run.attach(Loops())
            await run.send("number", 2)
            await run.send("number", 3)
            return asyncio.get_running_loop()

    loop = asyncio.run(scenario())
    assert loops in ([loop] * 3, [loop] * 2), "the first call may be over before it is watched"


@pytest.mark.parametrize("turns", [0, 3])
@pytest.mark.parametrize("from_its_start", [True, False])
def test_a_call_beside_others_is_reported_once_however_often_listeners_come_and_go(
    from_its_start: bool, turns: int
) -> None:
    class GateCalculator(Calculator):
        inward = Input[asyncio.Event]()

        async def process(self, cx: Context) -> None:
            await cx[self.inward].wait()

    graph = plan(node("gate", GateCalculator, {"inward": "gate"}, max_in_flight=2), inputs=("gate",))
    first, last = Notes(), Notes()

    async def scenario() -> None:
        gate = asyncio.Event()
        async with Graph(graph) as opened, asyncio.timeout(10):
            run = opened.run(id="r")
            if from_its_start:
                run.attach(first)
            await run.send("gate", gate)
            await run.send("gate", gate)
            while run.snapshot().nodes[0].inputs[0].queued:
                await asyncio.sleep(0)
            for _ in range(turns):  # none: the tasks of the calls have yet to run
                await asyncio.sleep(0)
            for listener in (first, last, first):
                run.attach(listener)
                run.detach(listener)
            run.attach(last)
            gate.set()
            run.close_inputs()
            await run.wait()

    asyncio.run(scenario())
    assert last.heard == ["+test/r", "-r", "+test/r", "gate@0", "gate@1", "-r"]
    assert not [heard for heard in first.heard if heard.startswith("gate@")]


@pytest.mark.parametrize("settings", [{"executor": "pool", "max_in_flight": 2}, {"max_in_flight": 2}])
def test_a_call_that_has_ended_and_waits_for_its_turn_is_not_reported_again(settings: dict[str, Any]) -> None:
    class WorkCalculator(PassCalculator):
        pass

    if "executor" not in settings:

        async def process(self: PassCalculator, cx: Context) -> None:
            for _ in range(2 + 5 * (cx[self.inward] % 2)):  # the later call ends before the earlier one
                await asyncio.sleep(0)
            cx.send(self.outward, cx[self.inward])

        setattr(WorkCalculator, "process", process)  # noqa: B010  # mypy would not have it assigned
    graph = plan(
        node("work", WorkCalculator, {"inward": "number"}, {"outward": "same"}, **settings),
        inputs=("number",),
        threads={"pool": 2},
    )
    notes = Notes()

    async def scenario() -> None:
        async with Graph(graph) as opened, asyncio.timeout(10):
            run = opened.run()
            for number in range(1, 21):
                await run.send("number", number)
            run.close_inputs()
            while not run.stopped:
                run.attach(notes)
                await asyncio.sleep(0)
                run.detach(notes)
            await run.wait()

    asyncio.run(scenario())
    calls = [heard for heard in notes.heard if heard.startswith("work@")]
    assert len(calls) == len(set(calls)) > 0


def test_a_listener_that_raises_is_named_in_the_log_and_hears_no_more_while_the_run_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Notes):
        def call_ended(self, call: Call) -> None:
            super().call_ended(call)
            raise ValueError("no")

    broken, notes = Broken(), Notes()
    chain = plan(
        node("first", PassCalculator, {"inward": "number"}, {"outward": "same"}),
        node("second", PassCalculator, {"inward": "same"}, {"outward": "out"}),
        inputs=("number",),
    )

    async def scenario() -> None:
        async with Graph(chain) as graph, asyncio.timeout(10), graph.run(id="r") as run:
            run.attach(broken)
            run.attach(notes)
            await run.send("number", 7)

    asyncio.run(scenario())
    assert broken.heard == ["+test/r", "number=7", "same=7", "first@0"]
    assert notes.heard == ["+test/r", "number=7", "same=7", "first@0", "out=7", "second@0", "-r"]
    [record] = caplog.records
    assert record.getMessage() == "test: listener Broken of run r failed and hears no more of it"
    assert "ValueError: no" in caplog.text


def test_a_stream_that_is_full_when_a_listener_comes_or_goes_is_reported_in_its_part() -> None:
    class Waits(Listener):
        def __init__(self) -> None:
            self.heard: list[Full | Waited] = []

        def stream_had_room(self, full: Full) -> None:
            self.heard.append(full)

        def node_waited(self, waited: Waited) -> None:
            self.heard.append(waited)

    gone, stayed = Waits(), Waits()
    graph = plan(
        node("pass", PassCalculator, {"inward": "number"}, {"outward": "same"}),
        inputs=("number",),
        max_queue_size=1,
    )

    async def scenario() -> None:
        async with Graph(graph) as opened, asyncio.timeout(10):
            run = opened.run()
            reader = run.read("same")
            await run.send("number", 1)
            run.attach(gone)
            run.attach(stayed)
            run.detach(gone)
            assert [type(event).__name__ for event in gone.heard] == ["Full", "Waited"]
            assert stayed.heard == []
            run.close_inputs()
            assert [packet.value async for packet in reader] == [1]
            await run.wait()

    asyncio.run(scenario())
    assert [type(event).__name__ for event in stayed.heard] == ["Full", "Waited"]


def test_metrics_and_a_trace_count_the_same_calls_from_the_middle_of_a_run_on() -> None:
    trace, counters = Trace(), NodeCounters(["ticks", "pass"])

    async def scenario() -> None:
        ticks: asyncio.Queue[int] = asyncio.Queue()
        async with Graph(streaming()) as graph, asyncio.timeout(10):
            run = await started(graph, ticks)
            run.attach(trace)
            run.attach(counters)
            await tick(ticks, 1, 2, -1)
            await run.wait()

    asyncio.run(scenario())
    calls = [event for event in trace.events() if isinstance(event, Call)]
    assert [call.node for call in calls] == [1, 1, 0]
    metrics = counters.metrics()
    assert {name: one.calls for name, one in metrics.items()} == {"ticks": 1, "pass": 2}
    assert metrics["ticks"].seconds == pytest.approx((calls[2].ended - calls[2].began) / 1e9)


class TickingSourceCalculator(Calculator):
    """A source whose every step waits for a tick; a negative one is the last."""

    ticks = SideInput[asyncio.Queue[int]]()
    tick = Output[int](streaming=True)

    async def process(self, cx: Context) -> None:
        tick = await cx[self.ticks].get()
        cx.send(self.tick, tick)
        cx[self.ticks].task_done()
        if tick < 0:
            cx.stop()


def test_a_step_of_an_async_source_that_was_under_way_is_reported_once_as_are_those_after_it() -> None:
    notes, late = Notes(), Notes()

    async def scenario() -> None:
        ticks: asyncio.Queue[int] = asyncio.Queue()
        graph = Graph(
            plan(node("source", TickingSourceCalculator, {}, {"tick": "ticks"}, side={"ticks": "ticks"}))
        )
        await graph.open({"ticks": ticks})
        async with graph, asyncio.timeout(10):
            run = graph.run(id="r")
            run.start()
            await tick(ticks, 0)
            run.attach(notes)
            await tick(ticks, 1, 2)
            run.detach(notes)
            await tick(ticks, 3)
            run.attach(late)
            ticks.put_nowait(-1)
            await run.wait()

    asyncio.run(scenario())
    steps = [what for what in notes.heard if what.startswith("source")]
    assert (steps, late.heard) == (["source@0", "source@0"], ["+test/r", "ticks=-1", "source@0", "-r"])


@pytest.mark.parametrize(
    "method", ["attached", "call_ended", "packet_sent", "stream_had_room", "node_waited", "detached"]
)
def test_a_listener_with_an_async_method_is_refused(method: str) -> None:
    async def hear(self: Listener, *_: Any) -> None:
        """Nobody would await it."""

    with pytest.raises(
        TypeError, match=f"{method} of a listener is called and not awaited, but .*hear is async"
    ):
        type("AsyncListener", (Listener,), {method: hear})
