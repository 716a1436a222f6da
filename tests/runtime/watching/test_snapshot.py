"""A snapshot says where each node of a run stands, and explains a stall after the run is gone."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunCancelled
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph, Trace
from ovpipe.runtime.watching.snapshot import (
    InputSnapshot,
    NodeState,
    QueueSnapshot,
    RunSnapshot,
    RunState,
    StreamSnapshot,
)
from ovpipe.runtime.watching.stall import explain_stall
from ovpipe.timestamp import PRE_STREAM, Timestamp
from tests.runtime.plans import node, plan


class AnswerCalculator(Calculator):
    """Answers when the question comes with an event that is set."""

    question = Input[asyncio.Event]()
    answer = Output[int]()

    async def process(self, cx: Context) -> None:
        await cx[self.question].wait()
        cx.send(self.answer, 42)


class PairCalculator(Calculator):
    left = Input[asyncio.Event]()
    right = Input[int]()
    pair = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, cx[self.right])


def waiting() -> Plan:
    return plan(
        node("answer", AnswerCalculator, {"question": "question"}, {"answer": "answers"}),
        node("pair", PairCalculator, {"left": "question", "right": "answers"}, {"pair": "pairs"}),
        inputs=("question",),
        max_queue_size=2,
    )


def test_a_snapshot_has_nodes_queues_and_bounds_from_before_the_start_to_the_end() -> None:
    async def scenario() -> list[RunSnapshot]:
        async with Graph(waiting()) as graph, asyncio.timeout(10):
            run = graph.run(id="r7")
            reader = run.read("pairs")
            fresh = run.snapshot()
            event = asyncio.Event()
            await run.send("question", event, at=5)
            await asyncio.sleep(0)
            stuck = run.snapshot()
            event.set()
            run.close_inputs()
            assert [packet.value async for packet in reader] == [42]
            await run.wait()
            return [fresh, stuck, run.snapshot()]

    fresh, stuck, over = asyncio.run(scenario())
    assert (fresh.id, fresh.graph, fresh.file) == ("r7", "test", "test")
    assert [fresh.state, stuck.state, over.state] == [
        RunState.NOT_STARTED,
        RunState.RUNNING,
        RunState.ENDED,
    ]
    assert [one.state for one in fresh.nodes] == [NodeState.NOT_OPENED] * 2
    assert [one.state for one in over.nodes] == [NodeState.CLOSED] * 2
    assert fresh.started is None
    assert stuck.started is not None
    assert stuck.started <= stuck.taken
    assert fresh.turns < stuck.turns < over.turns
    answer, pair = stuck.nodes
    assert (answer.name, answer.place, answer.calculator) == ("answer", "test:answer", "AnswerCalculator")
    assert (answer.state, answer.call_at, answer.call_since) == (NodeState.IN_CALL, 5, None)
    assert pair.state == NodeState.WAITING
    assert pair.inputs == (
        InputSnapshot("left", "question", None, queued=1, oldest=5, limit=2, bound=6),
        InputSnapshot("right", "answers", "answer", queued=0, oldest=None, limit=2, bound=PRE_STREAM),
    )
    [output] = pair.outputs
    assert output == StreamSnapshot(
        "pairs", PRE_STREAM, False, None, abandoned=False, queues=(QueueSnapshot("a reader", 0, 2),)
    )
    [question] = stuck.inputs
    assert [queue.queued for queue in question.queues] == [0, 1]


def test_what_waits_for_what_is_a_value() -> None:
    async def scenario() -> RunSnapshot:
        async with Graph(waiting()) as graph, asyncio.timeout(10):
            run = graph.run()
            await run.send("question", asyncio.Event(), at=5)
            await asyncio.sleep(0)
            return run.snapshot()

    call, owed = asyncio.run(scenario()).waits
    assert (call.node.name, call.call_at, call.owed) == ("answer", 5, None)
    assert owed.node.name == "pair"
    assert owed.owed is not None
    assert (owed.owed.port, owed.owed.producer) == ("right", "answer")
    assert [(entry.port, entry.oldest) for entry in owed.held] == [("left", 5)]


def test_a_snapshot_that_was_written_down_explains_itself() -> None:
    async def scenario() -> tuple[bytes, str]:
        async with Graph(waiting()) as graph, asyncio.timeout(10):
            run = graph.run()
            await run.send("question", asyncio.Event())
            await asyncio.sleep(0)
            return msgspec.json.encode(run.snapshot()), run.explain_stall()

    written, explained = asyncio.run(scenario())
    assert explain_stall(msgspec.json.decode(written, type=RunSnapshot)) == explained
    assert explained.startswith("test:answer: node 'answer' is in a call at 0 that has not ended; test:pair:")


def test_since_when_a_call_is_under_way_and_a_stream_full_is_known_where_the_run_is_watched() -> None:
    async def scenario() -> tuple[RunSnapshot, RunSnapshot]:
        async with Graph(waiting()) as graph, asyncio.timeout(10):
            run = graph.run()
            run.attach(Trace())
            event = asyncio.Event()
            await run.send("question", event)
            await asyncio.sleep(0)
            await run.send("question", event)
            await asyncio.sleep(0)
            watched = run.snapshot()
            run.cancel()
            with pytest.raises(RunCancelled):
                await run.wait()
            return watched, run.snapshot()

    watched, cancelled = asyncio.run(scenario())
    assert watched.nodes[0].call_since is not None
    assert watched.started is not None
    assert watched.started <= watched.nodes[0].call_since <= watched.taken
    [question] = watched.inputs
    assert question.full
    assert question.full_since is not None
    assert question.full_since >= watched.nodes[0].call_since
    assert watched.waits[0].since == watched.nodes[0].call_since
    assert (cancelled.cancelled, cancelled.state, cancelled.failure) == (True, RunState.ENDED, None)


def test_bounds_before_the_first_packet_are_the_special_timestamps() -> None:
    async def scenario() -> RunSnapshot:
        async with Graph(waiting()) as graph:
            return graph.run().snapshot()

    [question] = asyncio.run(scenario()).inputs
    assert question.bound == PRE_STREAM == Timestamp.PRE_STREAM
    assert not question.closed
