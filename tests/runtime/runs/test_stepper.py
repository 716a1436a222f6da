"""A run that plain code drives: one packet in, one packet out, no event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, NotFoundError, OvpipeError, RunCancelled, RunError, StalledError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from ovpipe.runtime.runs.stepper import Stepper
from ovpipe.runtime.watching.events import Call
from ovpipe.runtime.watching.trace import Trace
from tests.runtime.texts import graph_of


class BatchCalculator(Calculator):
    """Adds commands to what lives in a side packet, and counts what comes back."""

    input_policy = "immediate"
    commands = Input[list[str]]()
    sampled = Input[list[str]]()
    words = SideInput[dict[str, int]]()
    batch = Output[list[str]]()

    def process(self, cx: Context) -> None:
        words = cx[self.words]
        for word in cx.get(self.sampled) or ():
            words[word] += 1
        if self.commands in cx:
            new = cx[self.commands]
            words.update(dict.fromkeys(new, 0))
            cx.send(self.batch, list(words))


class SampleCalculator(Calculator):
    batch = Input[list[str]]()
    sampled = Output[list[str]]()

    def process(self, cx: Context) -> None:
        if "bad" in cx[self.batch]:
            raise ValueError("no such token")
        if "silent" not in cx[self.batch]:
            cx.send(self.sampled, cx[self.batch])


LOOP = """
version: 1
inputs: [commands]
outputs: [deltas]
side_inputs: [words]
nodes:
  scheduler:
    calculator: BatchCalculator
    side_inputs: {words: words}
    inputs: {commands: commands, sampled: {stream: deltas, back_edge: true}}
    outputs: {batch: batch}
  sampler: {calculator: SampleCalculator, inputs: {batch: batch}, outputs: {sampled: deltas}}
"""


@contextmanager
def opened(graph: Graph, side_packets: dict[str, Any] | None = None) -> Iterator[Graph]:
    """An open graph, with no event loop that runs."""
    with asyncio.Runner() as runner:
        runner.run(graph.open(side_packets))
        yield graph
        runner.run(graph.close())


@contextmanager
def stepping(words: dict[str, int]) -> Iterator[Stepper]:
    with opened(graph_of(LOOP, BatchCalculator, SampleCalculator), {"words": words}) as graph:
        yield graph.stepper("deltas")


def test_a_step_puts_one_packet_in_and_takes_one_out() -> None:
    words: dict[str, int] = {}
    with stepping(words) as stepper:
        assert stepper.step(["a"]) == ["a"]
        assert stepper.step([]) == ["a"]
        assert stepper.step(["b"]) == ["a", "b"]
        stepper.close()
    assert words == {"a": 3, "b": 1}, "the back edge brought each step's packet before the step ended"


def test_a_node_that_fails_ends_the_run_and_another_goes_on_over_the_same_side_packets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words: dict[str, int] = {}
    with opened(graph_of(LOOP, BatchCalculator, SampleCalculator), {"words": words}) as graph:
        stepper = graph.stepper("deltas")
        stepper.step(["a"])
        with pytest.raises(RunError, match="'sampler'.*no such token") as failed:
            stepper.step(["bad"])
        assert (failed.value.node, failed.value.timestamp) == ("sampler", 1)
        with pytest.raises(RunError, match="no such token"):
            stepper.step([])
        stepper.close()  # what it raised it raised before

        del words["bad"]
        assert graph.stepper("deltas").step([]) == ["a"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_step_that_brings_no_packet_says_who_owes_it() -> None:
    with stepping({}) as stepper:
        stepper.step([])
        with pytest.raises(StalledError, match=r"no packet on 'deltas' at timestamp 1: .*scheduler"):
            stepper.step(["silent"])
        with pytest.raises(RunCancelled):
            stepper.step([])


def test_a_step_that_brings_two_packets_is_an_error() -> None:
    class TwiceCalculator(Calculator):
        word = Input[str]()
        twice = Output[str](streaming=True)

        def process(self, cx: Context) -> None:
            cx.send(self.twice, cx[self.word])
            cx.send(self.twice, cx[self.word])

    text = """
version: 1
inputs: [word]
outputs: [words]
nodes:
  twice: {calculator: TwiceCalculator, inputs: {word: word}, outputs: {twice: words}}
"""
    expected = "one packet on 'words', at timestamp 0; they came at 0, 1"
    with opened(graph_of(text, TwiceCalculator)) as graph, pytest.raises(StalledError, match=expected):
        graph.stepper("words").step("a")


def test_a_run_that_is_closed_or_cancelled_takes_no_step() -> None:
    with stepping({}) as stepper:
        stepper.step([])
        stepper.close()
        stepper.close()
        with pytest.raises(StalledError, match="has ended"):
            stepper.step([])
    with stepping({}) as stepper:
        stepper.cancel()
        with pytest.raises(RunCancelled):
            stepper.step([])


def test_calculators_open_with_the_first_step_and_close_at_the_end() -> None:
    class LifeCalculator(Calculator):
        number = Input[int]()
        same = Output[int]()
        life = SideInput[list[str]]()

        def open(self, cx: Context) -> None:
            cx[self.life].append("open")

        def process(self, cx: Context) -> None:
            cx[self.life].append("process")
            cx.send(self.same, cx[self.number])

        def close(self, cx: Context) -> None:
            cx[self.life].append("close")

    text = """
version: 1
inputs: [number]
outputs: [same]
side_inputs: [life]
nodes:
  life: {calculator: LifeCalculator, inputs: {number: number}, outputs: {same: same}, side_inputs: {life: life}}
"""
    life: list[str] = []
    with opened(graph_of(text, LifeCalculator), {"life": life}) as graph:
        stepper = graph.stepper("same")
        assert life == []
        assert stepper.step(5) == 5
        assert life == ["open", "process"]
        stepper.close()
    assert life == ["open", "process", "close"]


def test_what_would_need_an_event_loop_is_found_with_its_line() -> None:
    class AwaitCalculator(Calculator):
        number = Input[int]()
        same = Output[int]()

        async def process(self, cx: Context) -> None:
            cx.send(self.same, cx[self.number])

    class PlainCalculator(Calculator):
        number = Input[int]()
        same = Output[int]()

        def process(self, cx: Context) -> None:
            cx.send(self.same, cx[self.number])

    class CountCalculator(Calculator):
        number = Output[int]()

        def process(self, cx: Context) -> None:
            cx.stop()

    text = """
version: 1
inputs: [number, other]
outputs: [last, more, counted]
executors: {pool: {threads: 1}}
nodes:
  waits: {calculator: AwaitCalculator, inputs: {number: number}, outputs: {same: last}}
  pooled: {calculator: PlainCalculator, executor: pool, inputs: {number: other}, outputs: {same: more}}
  counts: {calculator: CountCalculator, outputs: {number: counted}}
"""
    graph = graph_of(text, AwaitCalculator, PlainCalculator, CountCalculator)
    with opened(graph), pytest.raises(GraphError) as error:
        graph.stepper("last")
    found = [(finding.line, finding.message) for finding in error.value.findings]
    assert sorted(line for line, _ in found) == [1, 7, 8, 9]
    assert "one input; this one has: number, other" in found[0][1]
    messages = " ".join(message for _, message in found)
    assert "node 'waits' (AwaitCalculator) awaits" in messages
    assert "node 'pooled' (PlainCalculator) is on executor 'pool'" in messages
    assert "node 'counts' (CountCalculator) is a source" in messages


def test_a_trace_has_the_nodes_of_each_step() -> None:
    words: dict[str, int] = {}
    graph = graph_of(LOOP, BatchCalculator, SampleCalculator)
    graph.trace = trace = Trace()
    with opened(graph, {"words": words}) as graph:
        stepper = graph.stepper("deltas", id="engine")
        stepper.step(["a"])
        stepper.step([])
        stepper.close()
    calls = [(event.node, event.ts) for event in trace.events() if isinstance(event, Call)]
    assert [at for node, at in calls if node == 1] == [0, 1]


def test_the_time_in_each_node_is_added_up_whoever_watches_beside_it() -> None:
    with stepping({}) as stepper:
        stepper.time_nodes()
        assert stepper.node_seconds() == {"scheduler": 0.0, "sampler": 0.0}
        stepper.step(["a"])
        trace = Trace()
        stepper.attach(trace)
        first = stepper.node_seconds()
        stepper.step(["b"])
        stepper.detach(trace)
        second = stepper.node_seconds()
        stepper.step(["c"])
        for node, seconds in stepper.node_seconds().items():
            assert 0 < first[node] < second[node] < seconds
        assert [call.ts for call in trace.events() if isinstance(call, Call)] == [1, 1, 1]


def test_nodes_are_timed_before_anybody_watches() -> None:
    with stepping({}) as stepper:
        stepper.attach(Trace())
        with pytest.raises(RuntimeError, match="timed before listeners are attached"):
            stepper.time_nodes()


def test_a_graph_that_is_not_open_and_an_output_that_is_not_there_are_errors() -> None:
    graph = graph_of(LOOP, BatchCalculator, SampleCalculator)
    with pytest.raises(OvpipeError, match="is not open"):
        graph.stepper("deltas")
    with opened(graph, {"words": {}}), pytest.raises(NotFoundError, match="did you mean 'deltas'"):
        graph.stepper("delta")
