"""A trace of runs, as Perfetto opens it."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.graph.plan import Plan, PolicyPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph, Run, Trace
from ovpipe.runtime.nodes.node import Node
from ovpipe.runtime.watching.events import Call, Worked
from ovpipe.runtime.watching.listener import Listener
from ovpipe.work import Work
from tests.runtime.plans import node, plan


class PassCalculator(Calculator):
    inward = Input[int]()
    outward = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


class LettersCalculator(Calculator):
    """Opens and closes by itself, and awaits between the letters of a word."""

    word = Input[str]()
    letter = Output[str](streaming=True)

    async def open(self, cx: Context) -> None:
        await asyncio.sleep(0)

    async def process(self, cx: Context) -> None:
        for letter in cx[self.word]:
            cx.send(self.letter, letter)
            await cx.drain()

    def close(self, cx: Context) -> None:
        cx.send(self.letter, ".")


class FarCalculator(Calculator):
    """Has work done elsewhere, if anybody wants to know of it."""

    number = Input[int]()

    def process(self, cx: Context) -> None:
        listener = cx.work_listener()
        if listener is not None:
            now = time.perf_counter_ns()
            listener(Work("far", "steps", f"step {cx[self.number]}", now, now + 3, {"step": cx[self.number]}))
            listener(Work("far", "model", "model", now, now + 2, {}))


def diamond() -> Plan:
    return plan(
        node("first", PassCalculator, {"inward": "number"}, {"outward": "a"}),
        node("left", PassCalculator, {"inward": "a"}, {"outward": "b"}),
        node("right", PassCalculator, {"inward": "a"}, {"outward": "c"}),
        node("pair", PairCalculator, {"left": "b", "right": "c"}, {"pair": "pairs"}),
        inputs=("number",),
    )


def traced(graph: Plan, stream: str, *values: Any, trace: Trace | None = None) -> list[dict[str, Any]]:
    """The events of one run that was sent these values."""
    trace = trace or Trace()

    async def scenario() -> None:
        async with Graph(graph) as opened, asyncio.timeout(10), opened.run(trace=trace) as run:
            for value in values:
                await run.send(stream, value)

    asyncio.run(scenario())
    events: list[dict[str, Any]] = json.loads(json.dumps(trace.chrome()))["traceEvents"]
    check(events)
    return events


def check(events: list[dict[str, Any]]) -> None:
    """What holds of every trace."""
    timed = [event for event in events if event["ph"] != "M"]
    assert [event["ts"] for event in timed] == sorted(event["ts"] for event in timed)
    assert all(event["ts"] >= 0 for event in timed)
    lanes = {event["tid"]: event["pid"] for event in events if event["name"] == "thread_name"}
    processes = {event["pid"] for event in events if event["name"] == "process_name"}
    assert not processes & set(lanes)
    slices: dict[int, list[tuple[float, float]]] = {}
    for event in timed:
        assert lanes[event["tid"]] == event["pid"]
        assert event["pid"] in processes
        if event["ph"] == "X":
            slices.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    for lane in slices.values():
        for (_, ended), (began, _) in pairwise(lane):
            assert ended <= began + 1e-6
    starts = {event["id"]: event for event in timed if event["ph"] == "s"}
    ends = {event["id"]: event for event in timed if event["ph"] == "f"}
    assert starts.keys() == ends.keys()
    assert len(starts) + len(ends) == sum(event["ph"] in "sf" for event in timed)
    for number, end in ends.items():
        assert (starts[number]["cat"], starts[number]["name"]) == (end["cat"], end["name"])
        for half in (starts[number], end):
            assert any(a - 1e-6 <= half["ts"] < b for a, b in slices[half["tid"]]), (
                "a flow ends outside of a slice"
            )
    waits = Counter((event["id"], event["ph"]) for event in timed if event["ph"] in "be")
    assert all(waits[number, "b"] == waits[number, "e"] == 1 for number, _ in waits)


def lanes(events: list[dict[str, Any]]) -> dict[int, str]:
    return {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}


def slices(events: list[dict[str, Any]], lane: str) -> list[tuple[str, int | str]]:
    """The names and timestamps of a lane's slices."""
    names = lanes(events)
    return [
        (event["name"], event["args"]["timestamp"])
        for event in events
        if event["ph"] == "X" and names[event["tid"]] == lane
    ]


def flows(events: list[dict[str, Any]]) -> list[tuple[str, str, str, int | str]]:
    """From which lane to which each packet went, its stream and its timestamp."""
    names = lanes(events)
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    return sorted(
        (names[event["tid"]], names[ends[event["id"]]["tid"]], event["name"], event["args"]["timestamp"])
        for event in events
        if event["ph"] == "s"
    )


def test_every_node_has_a_lane_in_the_graphs_order_and_every_packet_is_a_flow() -> None:
    events = traced(diamond(), "number", 7)
    assert list(lanes(events).values()) == ["inputs", "first", "left", "right", "pair"]
    assert [event["args"]["name"] for event in events if event["name"] == "process_name"] == ["test, run 1"]
    assert slices(events, "pair") == [("pair", 0)]
    assert flows(events) == [
        ("first", "left", "a", 0),
        ("first", "right", "a", 0),
        ("inputs", "first", "number", 0),
        ("left", "pair", "b", 0),
        ("right", "pair", "c", 0),
    ]


def test_the_slice_of_an_async_call_spans_its_awaits_and_its_open_and_close_are_slices() -> None:
    graph = plan(
        node("letters", LettersCalculator, {"word": "word"}, {"letter": "letters"}),
        node("pass", PassCalculator, {"inward": "letters"}, {"outward": "out"}),
        inputs=("word",),
    )
    events = traced(graph, "word", "ab")
    assert slices(events, "letters") == [
        ("open letters", "UNSTARTED"),
        ("letters", 0),
        ("close letters", "DONE"),
    ]
    assert slices(events, "pass") == [("pass", 0), ("pass", 1), ("pass", 2)]
    call = next(event for event in events if event["name"] == "letters" and event["ph"] == "X")
    for event in events:
        if event["name"] == "pass" and event["ph"] == "X" and event["args"]["timestamp"] != 2:
            assert call["ts"] <= event["ts"] <= call["ts"] + call["dur"]
    assert [flow[2:] for flow in flows(events) if flow[0] == "letters"] == [
        ("letters", 0),
        ("letters", 1),
        ("letters", 2),
    ]


def test_calls_side_by_side_get_lanes_side_by_side() -> None:
    both = asyncio.Event()

    class TogetherCalculator(PassCalculator):
        calls = 0

        async def process(self, cx: Context) -> None:  # type: ignore[override]  # the base's is plain
            TogetherCalculator.calls += 1
            if TogetherCalculator.calls == 2:
                both.set()
            await both.wait()
            cx.send(self.outward, cx[self.inward])

    graph = plan(
        node("together", TogetherCalculator, {"inward": "number"}, {"outward": "same"}, max_in_flight=2),
        node("pass", PassCalculator, {"inward": "same"}, {"outward": "out"}),
        inputs=("number",),
    )
    events = traced(graph, "number", 1, 2)
    assert slices(events, "together") == [("together", 0)]
    assert slices(events, "together (2)") == [("together", 1)]
    assert flows(events) == [
        ("inputs", "together", "number", 0),
        ("inputs", "together (2)", "number", 1),
        ("together", "pass", "same", 0),
        ("together (2)", "pass", "same", 1),
    ]


def test_a_call_on_a_thread_is_timed_on_its_thread() -> None:
    threads = []

    class ThreadCalculator(PassCalculator):
        def process(self, cx: Context) -> None:
            threads.append(threading.current_thread())
            super().process(cx)

    graph = plan(
        node("thread", ThreadCalculator, {"inward": "number"}, {"outward": "same"}, executor="pool"),
        node("pass", PassCalculator, {"inward": "same"}, {"outward": "out"}),
        inputs=("number",),
        threads={"pool": 1},
    )
    events = traced(graph, "number", 1, 2)
    assert threading.main_thread() not in threads
    assert slices(events, "thread") == [("thread", 0), ("thread", 1)]
    assert [flow[2:] for flow in flows(events) if flow[1] == "pass"] == [("same", 0), ("same", 1)]


def test_each_step_of_a_source_is_a_slice() -> None:
    class CountCalculator(Calculator):
        number = Output[int]()

        def process(self, cx: Context) -> Iterator[None]:
            for number in range(3):
                cx.send(self.number, number, at=number)
                yield

    class SlowCountCalculator(Calculator):
        number = Output[int]()

        async def process(self, cx: Context) -> AsyncIterator[None]:
            for number in range(3):
                cx.send(self.number, number, at=number)
                yield

    events = traced(
        plan(
            node("count", CountCalculator, {}, {"number": "a"}),
            node("slow", SlowCountCalculator, {}, {"number": "b"}),
            node("pair", PairCalculator, {"left": "a", "right": "b"}, {"pair": "pairs"}),
        ),
        "",
    )
    assert len(slices(events, "count")) == len(slices(events, "slow")) == 4, "the last finds that it is over"
    assert Counter(flow[:2] for flow in flows(events)) == {("count", "pair"): 3, ("slow", "pair"): 3}
    sends = {event["ts"] for event in events if event["ph"] == "s" and event["name"] == "a"}
    steps = [event for event in events if event["ph"] == "X" and event["name"] == "count"]
    assert [sum(step["ts"] <= at < step["ts"] + step["dur"] for at in sends) for step in steps] == [
        1,
        1,
        1,
        0,
    ]


def test_a_policy_that_brings_timestamps_together_keeps_its_packets_apart() -> None:
    graph = plan(
        node(
            "pair",
            PairCalculator,
            {"left": "a", "right": "b"},
            {"pair": "pairs"},
            policy=PolicyPlan("timestamp_align", {"base": "left"}),
        ),
        inputs=("a", "b"),
    )
    trace = Trace()

    async def scenario() -> None:
        async with Graph(graph) as opened, asyncio.timeout(10), opened.run(trace=trace) as run:
            await run.send("b", 1, at=7)
            await run.send("a", 1, at=100)

    asyncio.run(scenario())
    assert flows(trace.chrome()["traceEvents"]) == [("inputs", "pair", "a", 100), ("inputs", "pair", "b", 7)]


def test_a_full_stream_is_told_with_its_time() -> None:
    class BurstCalculator(LettersCalculator):
        async def process(self, cx: Context) -> None:
            for letter in cx[self.word]:
                cx.send(self.letter, letter)
            await cx.drain()

    graph = plan(
        node("letters", BurstCalculator, {"word": "word"}, {"letter": "letters"}),
        inputs=("word",),
        max_queue_size=2,
    )
    trace = Trace()

    async def scenario() -> None:
        async with Graph(graph) as opened, asyncio.timeout(10), opened.run(trace=trace) as run:
            reader = run.read("letters")
            await run.send("word", "abc")
            run.close_inputs()
            assert [packet.value async for packet in reader] == ["a", "b", "c", "."]

    asyncio.run(scenario())
    events = trace.chrome()["traceEvents"]
    check(events)
    full = [event for event in events if event["ph"] in "be"]
    assert [event["name"] for event in full] == ["letters is full"] * len(full)
    assert full
    assert {lanes(events)[event["tid"]] for event in full} == {"letters"}


def test_queue_depths_are_counters() -> None:
    events = traced(diamond(), "number", 1)
    depths = [event["args"]["packets"] for event in events if event["name"] == "queue of pair"]
    assert depths == [1, 0]


def test_a_trace_keeps_the_latest_events_and_no_more() -> None:
    trace = Trace(capacity=50)
    events = traced(diamond(), "number", *range(100), trace=trace)
    assert len(trace.events()) == 50
    assert ("pair", 99) in slices(events, "pair")
    assert ("pair", 0) not in slices(events, "pair")


def test_a_trace_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="give it a capacity of 1 or more"):
        Trace(0)


def test_a_graphs_trace_has_all_its_runs_and_one_runs_trace_that_run_alone() -> None:
    everything, one = Trace(), Trace()

    async def scenario() -> None:
        async with Graph(diamond()) as graph, asyncio.timeout(10):
            graph.trace = everything
            for trace in (None, one, None):
                async with graph.run(trace=trace) as run:
                    await run.send("number", 1)

    asyncio.run(scenario())
    for trace, runs in ((everything, 2), (one, 1)):
        events = trace.chrome()["traceEvents"]
        check(events)
        assert len([event for event in events if event["name"] == "process_name"]) == runs
        assert len([event for event in events if event["name"] == "pair"]) == runs


def test_a_failed_call_is_in_the_trace() -> None:
    class FailingCalculator(PassCalculator):
        def process(self, cx: Context) -> None:
            raise ValueError("no")

    graph = plan(
        node("fail", FailingCalculator, {"inward": "number"}, {"outward": "out"}), inputs=("number",)
    )
    trace = Trace()
    with pytest.raises(RunError, match="ValueError: no"):
        traced(graph, "number", 1, trace=trace)
    assert slices(trace.chrome()["traceEvents"], "fail") == [("fail", 0)]


def test_a_trace_keeps_neither_runs_nor_values_alive() -> None:
    class Value:
        pass

    trace = Trace()

    async def scenario() -> tuple[weakref.ref[Any], weakref.ref[Any]]:
        async with Graph(diamond()) as graph, asyncio.timeout(10):
            async with graph.run(trace=trace) as run:
                value = Value()
                await run.send("number", value)
            return weakref.ref(run), weakref.ref(value)

    run, value = asyncio.run(scenario())
    gc.collect()
    assert run() is None
    assert value() is None
    assert trace.events()


def test_a_run_that_nobody_watches_has_the_calculators_own_calls_and_no_observers() -> None:
    trace = Trace()

    def watched(run: Run) -> bool:
        core = run._core
        nodes = [node for node in core.nodes if isinstance(node, Node)]
        own = all(node.process == node.calculator.process for node in nodes)
        pops = all(entry.pop == entry.queue.popleft for node in nodes for entry in node.inputs)
        observed = any(stream.observers for stream in core.streams)
        if own:
            assert (pops, observed, core.watch) == (True, False, None)
        return not own

    async def scenario() -> None:
        async with Graph(diamond()) as graph, asyncio.timeout(10), graph.run() as run:
            assert not watched(run)
            run.attach(trace)
            assert watched(run)
            await run.send("number", 1)
            run.detach(trace)
            assert not watched(run)
            await run.send("number", 2)
            run.attach(trace)
            assert watched(run)
            await run.send("number", 3)

    asyncio.run(scenario())
    events = trace.chrome()["traceEvents"]
    check(events)
    assert slices(events, "pair") == [("pair", 0), ("pair", 2)]
    assert [flow[3] for flow in flows(events) if flow[1] == "pair"] == [0, 2, 0, 2]


def test_a_trace_is_saved_as_json(tmp_path: Path) -> None:
    trace = Trace()
    traced(diamond(), "number", 1, trace=trace)
    trace.save(tmp_path / "trace.json")
    assert json.loads((tmp_path / "trace.json").read_text()) == json.loads(json.dumps(trace.chrome()))


def test_work_outside_of_the_run_has_lanes_of_its_own_within_the_call_that_waits_for_it() -> None:
    graph = plan(node("far", FarCalculator, {"number": "number"}, {}), inputs=("number",))
    events = traced(graph, "number", 7, 8)
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert list(names.values())[1:] == ["far"]
    assert [name for name in lanes(events).values() if name != "inputs"] == ["far", "steps", "model"]
    works = [event for event in events if event.get("cat") == "work"]
    assert sorted(event["name"] for event in works) == ["model", "model", "step 7", "step 8"]
    assert {event["args"]["step"] for event in works if "step" in event["args"]} == {7, 8}
    calls = [event for event in events if event.get("cat") == "process"]
    for step, call in zip([one for one in works if one["name"] != "model"], calls, strict=True):
        assert call["ts"] <= step["ts"] <= call["ts"] + call["dur"]
        assert names[call["pid"]] in step["args"]["for"][0]


def test_what_was_done_for_two_runs_is_one_slice_that_names_both() -> None:
    work = Work("far", "steps", "step 1", time.perf_counter_ns(), time.perf_counter_ns() + 5, {})

    class SharedCalculator(Calculator):
        number = Input[int]()

        def process(self, cx: Context) -> None:
            listener = cx.work_listener()
            assert listener is not None
            listener(work)

    trace = Trace()
    graph = plan(node("far", SharedCalculator, {"number": "number"}, {}), inputs=("number",))

    async def scenario() -> None:
        async with Graph(graph) as opened:
            for name in ("one", "two"):
                async with opened.run(trace=trace, id=name) as run:
                    await run.send("number", 1)

    asyncio.run(scenario())
    events = trace.chrome()["traceEvents"]
    (drawn,) = [event for event in events if event.get("cat") == "work"]
    assert [text.rpartition(" ")[2] for text in drawn["args"]["for"]] == ["one", "two"]


def test_nobody_wants_to_know_of_work_in_a_run_that_is_not_traced() -> None:
    heard: list[object] = []

    class AskingCalculator(Calculator):
        number = Input[int]()

        def process(self, cx: Context) -> None:
            heard.append(cx.work_listener())

    class CallsOnly(Listener):
        def call_ended(self, call: Call) -> None:
            heard.append("call")

    graph = plan(node("far", AskingCalculator, {"number": "number"}, {}), inputs=("number",))

    async def scenario() -> None:
        async with Graph(graph) as opened, opened.run() as run:
            await run.send("number", 1)
            await asyncio.sleep(0)
            run.attach(CallsOnly())
            await run.send("number", 2)

    asyncio.run(scenario())
    assert heard == [None, None, "call"]


def test_a_listener_that_fails_over_work_is_taken_off_and_the_run_goes_on() -> None:
    class Failing(Listener):
        def work_ended(self, worked: Worked) -> None:
            raise ValueError("no room")

    graph = plan(node("far", FarCalculator, {"number": "number"}, {}), inputs=("number",))
    trace = Trace()

    async def scenario() -> None:
        async with Graph(graph) as opened, opened.run(trace=trace) as run:
            run.attach(Failing())
            for number in (1, 2):
                await run.send("number", number)

    asyncio.run(scenario())
    assert sum(isinstance(event, Worked) for event in trace.events()) == 4
