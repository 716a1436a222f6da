from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunCancelled, RunError
from ovpipe.ports import Input, Output
from ovpipe.registry import Registry
from ovpipe.runtime import Graph


class CountCalculator(Calculator):
    """Sends 0 to n - 1 in one call, giving way where a queue is full."""

    n = Input[int]()
    numbers = Output[int](streaming=True)

    async def process(self, cx: Context) -> None:
        """Counts; fails after counting to a negative number."""
        n = cx[self.n]
        for number in range(abs(n)):
            cx.send(self.numbers, number)
            await cx.drain()
        if n < 0:
            raise ValueError("below zero")


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    file = tmp_path / "count.yaml"
    file.write_text(
        "version: 1\ninputs: [n]\noutputs: [numbers]\nnodes:\n"
        "  count: {calculator: CountCalculator, inputs: {n: n}, outputs: {numbers: numbers}}\n"
    )
    registry = Registry()
    registry.add(CountCalculator)
    return Graph.load(file, registry=registry)


def test_pour_hands_over_every_value_in_order_and_ends_with_the_stream(graph: Graph) -> None:
    async def poured() -> list[int]:
        found: list[int] = []

        def sink(values: list[int]) -> bool:
            found.extend(values)
            return True

        async with graph, graph.run() as run:
            reader = run.read("numbers")
            await run.send("n", 1000)
            run.close_inputs()
            assert await reader.pour(sink) is False
        return found

    assert asyncio.run(poured()) == list(range(1000))


def test_a_sink_that_wants_no_more_holds_the_stream_up_and_may_go_on(graph: Graph) -> None:
    async def poured() -> tuple[list[int], int]:
        found: list[int] = []
        pauses = 0

        def sink(values: list[int]) -> bool:
            found.extend(values)
            return False

        async with graph, graph.run() as run:
            reader = run.read("numbers")
            await run.send("n", 1000)
            run.close_inputs()
            while await reader.pour(sink):
                pauses += 1
                before = len(found)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert len(found) == before
        return found, pauses

    found, pauses = asyncio.run(poured())
    assert found == list(range(1000))
    assert pauses > 1


def test_pour_raises_the_runs_error_after_the_values_that_came_before(graph: Graph) -> None:
    found: list[int] = []

    def sink(values: list[int]) -> bool:
        found.extend(values)
        return True

    async def poured() -> None:
        async with graph, graph.run() as run:
            reader = run.read("numbers")
            await run.send("n", -5)
            await reader.pour(sink)

    with pytest.raises(RunError, match="below zero"):
        asyncio.run(poured())
    assert found == [0, 1, 2, 3, 4]


def test_pour_raises_what_the_sink_raises(graph: Graph) -> None:
    def sink(values: list[Any]) -> bool:
        raise ConnectionResetError("nobody there")

    async def poured() -> None:
        async with graph, graph.run() as run:
            reader = run.read("numbers")
            await run.send("n", 5)
            await reader.pour(sink)

    with pytest.raises(ConnectionResetError, match="nobody there"):
        asyncio.run(poured())


def test_pour_ends_with_a_run_that_is_cancelled(graph: Graph) -> None:
    async def poured() -> None:
        async with graph:
            run = graph.run()
            reader = run.read("numbers")
            await run.send("n", 5)
            pouring = asyncio.create_task(reader.pour(lambda values: True))
            await asyncio.sleep(0)
            run.cancel()
            with pytest.raises(RunCancelled):
                await pouring

    asyncio.run(poured())
