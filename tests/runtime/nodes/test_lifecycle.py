"""What a run has opened it closes: at its end, after a failure, and when it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunCancelled, RunError
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, SideInput
from ovpipe.timestamp import Timestamp
from tests.runtime.texts import RECORD, AddOneCalculator, FailCalculator, RecordCalculator, graph_of


def test_a_calculator_is_opened_before_its_first_packet_and_closed_once_after_its_last() -> None:
    async def scenario() -> tuple[list[str], list[Any]]:
        log: list[str] = []
        sent: list[Any] = []
        graph = graph_of(RECORD, RecordCalculator)
        await graph.open({"log": log})
        async with graph, graph.run() as run:
            run.observe("out", sent.append)
            await run.send("number", 5, at=3)
        return log, sent

    log, sent = asyncio.run(scenario())
    assert log == [
        "open at UNSTARTED, without a packet",
        "process 5 at 3",
        "close at DONE, without a packet",
    ]
    assert sent == [Packet(99, Timestamp(4))]


def test_after_a_failure_a_send_and_a_reader_raise_it_and_close_still_runs() -> None:
    text = RECORD.replace("inputs: {number: number}", "inputs: {number: checked}").replace(
        "nodes:",
        "nodes:\n  bad: {calculator: FailCalculator, inputs: {number: number}, outputs: {sum: checked}}",
    )

    async def scenario() -> list[str]:
        log: list[str] = []
        graph = graph_of(text, FailCalculator, RecordCalculator)
        await graph.open({"log": log})
        async with graph:
            run = graph.run()
            reader = run.read("out")
            await run.send("number", 0, at=2)
            with pytest.raises(RunError, match="no twos"):
                await run.send("number", 0, at=3)
            with pytest.raises(RunError, match="no twos"):
                await anext(reader)
            with pytest.raises(RunError, match="no twos"):
                await run.wait()
        return log

    log = asyncio.run(scenario())
    assert [entry.split()[0] for entry in log] == ["open", "close"]


def test_a_calculator_whose_open_failed_is_not_closed_and_those_before_it_are() -> None:
    class BadOpenCalculator(AddOneCalculator):
        def open(self, cx: Context) -> None:
            raise ValueError("cannot open")

        def close(self, cx: Context) -> None:
            raise AssertionError("closed without having been opened")

    text = RECORD.replace("outputs: [out]", "outputs: [sum]").replace(
        "nodes:", "nodes:\n  bad: {calculator: BadOpenCalculator, inputs: {number: out}, outputs: {sum: sum}}"
    )

    async def scenario() -> list[str]:
        log: list[str] = []
        graph = graph_of(text, BadOpenCalculator, RecordCalculator)
        await graph.open({"log": log})
        async with graph:
            with pytest.raises(
                RunError, match=r"'bad' \(BadOpenCalculator\) failed in open at timestamp UNSTARTED"
            ):
                async with graph.run() as run:
                    await run.send("number", 0)
        return [entry.split()[0] for entry in log]

    assert asyncio.run(scenario()) == ["open", "close"]


class HangCalculator(Calculator):
    """Waits for ever, and notes that it was cancelled."""

    log = SideInput[list[str]]()
    number = Input[int]()
    out = Output[int]()

    async def process(self, cx: Context) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cx[self.log].append("cancelled")
            raise

    async def close(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx[self.log].append("closed")


def test_cancelling_a_run_cancels_its_async_calls_closes_its_nodes_and_drops_the_rest() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        graph = graph_of(RECORD.replace("RecordCalculator", "HangCalculator"), HangCalculator)
        await graph.open({"log": log})
        async with graph:
            run = graph.run()
            await run.send("number", 0)
            await run.send("number", 1)
            await asyncio.sleep(0)
            run.cancel()
            with pytest.raises(RunCancelled):
                await run.wait()
        return log

    assert asyncio.run(scenario()) == ["cancelled", "closed"]


@pytest.mark.parametrize("kind", [HangCalculator, RecordCalculator])
def test_a_reader_that_waits_when_the_run_is_cancelled_is_told(kind: type[Calculator]) -> None:
    async def scenario() -> None:
        graph = graph_of(RECORD.replace("RecordCalculator", kind.__name__), kind)
        await graph.open({"log": []})
        async with graph:
            run = graph.run()
            reader = run.read("out")
            await run.send("number", 0)
            waiting = asyncio.ensure_future(anext(reader))
            await asyncio.sleep(0)
            run.cancel()
            with pytest.raises(RunCancelled):
                await asyncio.wait_for(waiting, 5)

    asyncio.run(scenario())


def test_leaving_the_block_by_an_exception_cancels_the_run() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        graph = graph_of(RECORD.replace("RecordCalculator", "HangCalculator"), HangCalculator)
        await graph.open({"log": log})
        async with graph:
            with pytest.raises(KeyError):
                async with graph.run() as run:
                    await run.send("number", 0)
                    await asyncio.sleep(0)
                    raise KeyError("mine")
        return log

    assert asyncio.run(scenario()) == ["cancelled", "closed"]


def test_a_run_cancelled_before_its_async_call_began_ends_too() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        graph = graph_of(RECORD.replace("RecordCalculator", "HangCalculator"), HangCalculator)
        await graph.open({"log": log})
        async with graph:
            run = graph.run()
            await run.send("number", 0)
            run.cancel()
            with pytest.raises(RunCancelled):
                await asyncio.wait_for(run.wait(), 5)
        return log

    assert asyncio.run(scenario()) == ["closed"]


class ClosingCalculator(Calculator):
    """Notes whether its run has ended well."""

    number = Input[int]()
    log = SideInput[list[bool]]()

    def process(self, cx: Context) -> None:
        """Fails at a two."""
        assert not cx.aborted
        if cx[self.number] == 2:
            raise ValueError("no twos")

    def close(self, cx: Context) -> None:
        """Notes it."""
        cx[self.log].append(cx.aborted)


@pytest.mark.parametrize(
    ("number", "cancels", "aborted"), [(1, False, False), (2, False, True), (1, True, True)]
)
def test_close_learns_whether_the_run_has_ended_well(number: int, cancels: bool, aborted: bool) -> None:
    text = """
version: 1
inputs: [number]
side_inputs: [log]
nodes:
  node: {calculator: ClosingCalculator, inputs: {number: number}, side_inputs: {log: log}}
"""

    async def scenario() -> list[bool]:
        log: list[bool] = []
        graph = graph_of(text, ClosingCalculator)
        await graph.open({"log": log})
        async with graph:
            run = graph.run()
            with contextlib.suppress(RunError):
                await run.send("number", number, at=1)
            if cancels:
                run.cancel()
            else:
                run.close_inputs()
            with contextlib.suppress(RunError, RunCancelled):
                await run.wait()
        return log

    assert asyncio.run(scenario()) == [aborted]
