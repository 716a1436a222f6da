"""A call that keeps the event loop is named with its node, its place and the remedy, and counted."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from ovpipe.runtime.watching.blocked_loop import BlockedCalls, BlockedLoop
from ovpipe.runtime.watching.stack import NodeCall, call_on
from tests.runtime.plans import node, plan

LOGGER = "ovpipe.runtime.watching.blocked_loop"


class Until(logging.Handler):
    """Notes that the log has a line with these words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.seen = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.words in record.getMessage():
            self.seen.set()


@pytest.fixture
def still() -> Iterator[threading.Event]:
    """Set when the log says that a call still blocks."""
    handler = Until("still does")
    logging.getLogger(LOGGER).addHandler(handler)
    yield handler.seen
    logging.getLogger(LOGGER).removeHandler(handler)


class BlockingCalculator(Calculator):
    """Waits without `await`, as long as nobody has noticed."""

    noticed = Input[threading.Event]()
    out = Output[bool]()

    def process(self, cx: Context) -> None:
        cx.send(self.out, cx[self.noticed].wait(60))


class BlockingAsyncCalculator(Calculator):
    noticed = Input[threading.Event]()
    out = Output[bool]()

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx.send(self.out, cx[self.noticed].wait(60))
        await asyncio.sleep(0)


class BlockingSourceCalculator(Calculator):
    out = Output[bool]()

    def __init__(self, *, noticed: threading.Event) -> None:
        self.noticed = noticed

    def process(self, cx: Context) -> None:
        cx.send(self.out, self.noticed.wait(60))
        cx.stop()


class ThreadCalculator(BlockingCalculator):
    """Waits on a thread of a pool, beside the event loop."""

    def process(self, cx: Context) -> None:
        cx.send(self.out, cx[self.noticed].wait(0.3))


def blocking(cls: type[Calculator], **settings: Any) -> Plan:
    reads = {"noticed": "noticed"} if cls.ports.inputs else {}
    return plan(
        node("blocker", cls, reads, {"out": "out"}, **settings),
        inputs=("noticed",) if reads else (),
        threads={"pool": 1},
    )


@pytest.mark.parametrize(
    ("cls", "remedy"),
    [
        (BlockingCalculator, "or put the node on an executor"),
        (BlockingAsyncCalculator, "`await asyncio.to_thread(...)`"),
    ],
)
def test_a_call_that_blocks_is_named_while_it_does_and_when_it_has_ended_once_each(
    cls: type[Calculator], remedy: str, still: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> BlockedCalls:
        graph = Graph(blocking(cls))
        async with graph, asyncio.timeout(60):
            assert await graph.process(noticed=still) == {"out": [True]}
        return graph.blocked_calls()["blocker"]

    blocked = asyncio.run(scenario())
    assert blocked.calls == 1
    assert blocked.seconds >= 1.0
    lines = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert len(lines) == 2
    for text, what in zip(
        lines, ("has blocked the event loop for 1", "blocked the event loop for"), strict=True
    ):
        assert text.startswith(f"graph 'test': node 'blocker' ({cls.__name__}, test:blocker) {what}")
        assert f"{__file__}:" in text
        assert "(process)" in text
        assert "threading.py" in text
        assert remedy in text


def test_a_source_is_named_too(still: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        options = {"noticed": still}
        async with Graph(
            plan(node("blocker", BlockingSourceCalculator, {}, {"out": "out"}, options=options))
        ) as graph:
            await graph.process()
        assert graph.blocked_calls()["blocker"].calls == 1

    asyncio.run(scenario())
    assert "Make `process` async, and await what takes long" in caplog.text


class SummingCalculator(Calculator):
    """One call into C, which keeps Python's lock: no thread can look meanwhile."""

    numbers = Input[int]()
    seconds = Output[float]()

    def process(self, cx: Context) -> None:
        began = time.perf_counter()
        sum(range(cx[self.numbers]))
        cx.send(self.seconds, time.perf_counter() - began)


def test_a_call_that_keeps_pythons_lock_is_named_when_it_lets_go() -> None:
    summing = plan(
        node("sum", SummingCalculator, {"numbers": "numbers"}, {"seconds": "took"}), inputs=("numbers",)
    )

    async def scenario() -> None:
        async with Graph(summing) as graph, graph.run() as run:
            took = run.read("took")
            for exponent in count(20):
                await run.send("numbers", 2**exponent)
                if (await anext(took)).value > 0.5:
                    break
        assert graph.blocked_calls()["sum"].calls >= 1

    asyncio.run(scenario())


def test_a_call_on_a_thread_and_one_that_awaits_block_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with Graph(blocking(ThreadCalculator, executor="pool")) as graph:
            await graph.process(noticed=threading.Event())
            assert graph.blocked_calls() == {}

    asyncio.run(scenario())
    assert caplog.text == ""


def test_a_graph_that_is_not_to_be_watched_starts_no_thread() -> None:
    async def threads(seconds: float | None) -> list[str]:
        graph = Graph(blocking(ThreadCalculator))
        graph.block_seconds = seconds
        async with graph, graph.run() as run:
            run.start()
            return [thread.name for thread in threading.enumerate() if thread.name == "watch test"]

    assert asyncio.run(threads(0.1)) == ["watch test"]
    assert asyncio.run(threads(None)) == []


def test_the_thread_ends_with_the_graph_and_with_one_that_is_dropped() -> None:
    async def scenario() -> None:
        async with Graph(blocking(ThreadCalculator)) as graph:
            await graph.process(noticed=threading.Event())
        assert watchers() == []
        dropped = Graph(blocking(ThreadCalculator))
        await dropped.open()
        await dropped.process(noticed=threading.Event())
        (watcher,) = watchers()
        del dropped
        gc.collect()
        watcher.join(60)
        assert not watcher.is_alive()

    asyncio.run(scenario())


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watch test"]


# --- look by look


class LookingCalculator(Calculator):
    """Gives its own call, as one who looks from outside sees it."""

    tick = Input[int]()
    seen = Output[NodeCall]()

    def process(self, cx: Context) -> None:
        call = call_on(sys._getframe())
        assert call is not None
        cx.send(self.seen, call)


def two_calls() -> tuple[NodeCall, NodeCall]:
    looking = plan(node("looker", LookingCalculator, {"tick": "tick"}, {"seen": "seen"}), inputs=("tick",))

    async def scenario() -> list[NodeCall]:
        async with Graph(looking) as graph:
            return [*(await graph.process(tick=1))["seen"], *(await graph.process(tick=2))["seen"]]

    first, second = asyncio.run(scenario())
    assert first.frame is not second.frame
    return first, second


def test_one_call_over_several_looks_is_as_long_as_they_say() -> None:
    call, _ = two_calls()
    loop = BlockedLoop("test", 0.1)
    for now in (1.00, 1.05, 1.10):
        loop.look(call, after=now - 0.05, since=now, now=now, turned=0.9)
    loop.look(None, after=1.10, since=1.15, now=1.15, turned=0.9)
    counted = loop.counts()["looker"]
    assert counted.calls == 1
    assert 0.10 <= counted.seconds <= 0.20


def test_many_short_calls_of_a_node_are_none_that_is_long(caplog: pytest.LogCaptureFixture) -> None:
    calls = two_calls()
    loop = BlockedLoop("test", 0.1)
    for look in range(40):
        now = 1 + look * 0.05
        loop.look(calls[look % 2], after=now - 0.05, since=now, now=now, turned=0.9)
    assert loop.counts() == {}
    assert caplog.text == ""


def test_a_call_between_whose_looks_the_loop_turned_has_awaited() -> None:
    call, _ = two_calls()
    loop = BlockedLoop("test", 0.1)
    for look in range(40):
        now = 1 + look * 0.05
        loop.look(call, after=now - 0.05, since=now, now=now, turned=now - 0.01)
    assert loop.counts() == {}
