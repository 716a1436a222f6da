"""A run that stands still says why, by itself."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from tests.runtime.plans import node, plan

WHY = (
    "test:never: node 'never' is in a call at 0 that has not ended; "
    "test:pair: node 'pair' with 1 packets from 0 on 'left' waits for input 'right': "
    "node 'never' (test:never) has sent nothing on stream 'answer' yet"
)


class NeverCalculator(Calculator):
    """Answers when it is told to."""

    question = Input[int]()
    answer = Output[int]()

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def process(self, cx: Context) -> None:
        await self.told.wait()
        cx.send(self.answer, 42)


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()

    async def process(self, cx: Context) -> None:
        """Awaits nothing: between its calls it waits for inputs as any node does."""


def stalling() -> Plan:
    return plan(
        node("never", NeverCalculator, {"question": "number"}, {"answer": "answer"}),
        node("pair", PairCalculator, {"left": "number", "right": "answer"}),
        inputs=("number",),
    )


def test_a_stall_is_explained_after_a_timeout_once_for_each() -> None:
    async def scenario() -> list[str]:
        calculator = NeverCalculator()
        explained: list[str] = []
        heard = asyncio.Event()

        def hear(why: str) -> None:
            explained.append(why)
            heard.set()

        async with Graph(stalling(), build={"never": lambda: calculator}) as graph, asyncio.timeout(10):
            async with graph.run() as run:
                run.watch_stall(0.02, hear)
                await run.send("number", 1)
                await heard.wait()
                heard.clear()
                await asyncio.sleep(0.06)
                assert len(explained) == 1
                calculator.told.set()
            await asyncio.sleep(0.06)
            assert not heard.is_set()
        return explained

    assert asyncio.run(scenario()) == [WHY]


def test_a_graph_logs_why_any_of_its_runs_stands_still(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Graph(stalling()) as graph, asyncio.timeout(10):
            graph.stall_seconds = 0.02
            run = graph.run()
            await run.send("number", 1)
            while not caplog.records:
                await asyncio.sleep(0.01)
            run.cancel()

    asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records] == [
        f"test: nothing has moved in a run for 0.02 s: {WHY}"
    ]


class FollowingCalculator(NeverCalculator):
    """Waits for a count outside the run, and then for room."""

    count = 0

    async def process(self, cx: Context) -> None:
        cx.follow_progress(lambda: self.count)
        await self.told.wait()
        for at in range(1000):
            cx.send(self.answer, at, at=at)
            await cx.drain()


def test_a_run_moves_with_what_a_call_of_it_waits_for_outside_but_not_while_that_waits_for_room() -> None:
    async def scenario() -> None:
        calculator = FollowingCalculator()
        graph = plan(
            node("following", FollowingCalculator, {"question": "number"}, {"answer": "answer"}),
            node("never", NeverCalculator, {"question": "answer"}, {"answer": "late"}),
            inputs=("number",),
        )
        async with Graph(graph, build={"following": lambda: calculator}) as opened, asyncio.timeout(10):
            run = opened.run()
            await run.send("number", 1)
            before = run.progress
            await asyncio.sleep(0)
            assert run.progress == before
            calculator.count += 1
            assert run.progress != before
            calculator.told.set()
            while not run.snapshot().nodes[0].outputs[0].full:
                await asyncio.sleep(0)
            before = run.progress
            calculator.count += 1
            assert run.progress == before
            run.cancel()

    asyncio.run(scenario())


@pytest.mark.parametrize("phase", ["open", "close"])
def test_an_open_or_a_close_that_hangs_is_named(phase: str) -> None:
    class HangingCalculator(PairCalculator):
        pass

    async def hang(self: Calculator, cx: Context) -> None:
        await asyncio.Event().wait()

    setattr(HangingCalculator, phase, hang)
    graph = plan(node("hanging", HangingCalculator, {"left": "a", "right": "b"}), inputs=("a", "b"))

    async def scenario() -> str:
        async with Graph(graph) as opened, asyncio.timeout(10):
            explained: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            run = opened.run()
            run.watch_stall(0.02, explained.set_result)
            run.close_inputs()
            try:
                return await explained
            finally:
                run.cancel()

    assert (
        asyncio.run(scenario())
        == f"test:hanging: node 'hanging' is in {'an' if phase == 'open' else 'a'} {phase} that has not ended"
    )


def test_of_calls_side_by_side_the_oldest_is_named() -> None:
    graph = plan(
        node("never", NeverCalculator, {"question": "number"}, {"answer": "answer"}, max_in_flight=2),
        inputs=("number",),
    )

    async def scenario() -> str:
        async with Graph(graph) as opened, asyncio.timeout(10):
            explained: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            run = opened.run()
            run.watch_stall(0.02, explained.set_result)
            await run.send("number", 1, at=5)
            await run.send("number", 1, at=6)
            try:
                return await explained
            finally:
                run.cancel()

    assert asyncio.run(scenario()) == "test:never: node 'never' is in a call at 5 that has not ended"


def test_a_watch_does_not_keep_a_run_that_everybody_has_dropped() -> None:
    async def scenario() -> None:
        async with Graph(stalling()) as graph:
            run = graph.run()
            run.watch_stall(0.01)
            run.start()
            gone = weakref.ref(run)
            del run
            gc.collect()
            assert gone() is None
            assert not graph.runs

    asyncio.run(scenario())


def test_a_run_that_has_not_started_says_so() -> None:
    async def scenario() -> str:
        async with Graph(stalling()) as graph:
            return graph.run().explain_stall()

    assert asyncio.run(scenario()) == (
        "the run has not started: the first send or read starts it, or run.start() (test)"
    )
