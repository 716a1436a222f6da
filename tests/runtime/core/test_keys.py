"""Keys: `cx.done(port, key)` lets a producer spare itself one of several things that share a stream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import PortError
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph
from tests.runtime.plans import node, plan


class CountCalculator(Calculator):
    """Sends (key, number) for each of three keys by turns, until a key is not needed any more."""

    start = Input[int]()
    items = Output[tuple[str, int]](streaming=True)

    async def process(self, cx: Context) -> None:
        for number in range(cx[self.start]):
            for key in ("a", "b", "c"):
                if key not in cx.done_keys(self.items):
                    cx.send(self.items, (key, number))
                    await cx.drain()


class PassItemsCalculator(Calculator):
    """Knows nothing of keys."""

    inward = Input[tuple[str, int]]()
    outward = Output[tuple[str, int]]()

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward])


class UpToCalculator(Calculator):
    """Is done with a key at that key's number."""

    inward = Input[tuple[str, int]]()
    outward = Output[tuple[str, int]]()

    def __init__(self, *, ends: dict[str, int]) -> None:
        self.ends = ends

    def process(self, cx: Context) -> None:
        key, number = cx[self.inward]
        cx.send(self.outward, (key, number))
        if number == self.ends.get(key):
            cx.done(self.inward, key)


def chain_of(*middle: Any) -> Graph:
    """The counter, what is given, and who counts on what."""
    return Graph(
        plan(
            node("count", CountCalculator, {"start": "start"}, {"items": "items"}), *middle, inputs=("start",)
        )
    )


def what_comes(graph: Graph, output: str) -> list[tuple[str, int]]:
    """All packets of a stream, of a run that counts to five."""
    seen: list[tuple[str, int]] = []

    async def count() -> None:
        async with graph, asyncio.timeout(10), graph.run() as run:
            run.observe(output, lambda packet: seen.append(packet.value))
            await run.send("start", 5)

    asyncio.run(count())
    return seen


def test_a_key_that_is_done_reaches_the_producer_through_a_node_that_knows_no_keys() -> None:
    graph = chain_of(
        node("pass", PassItemsCalculator, {"inward": "items"}, {"outward": "passed"}),
        node(
            "end",
            UpToCalculator,
            {"inward": "passed"},
            {"outward": "out"},
            options={"ends": {"b": 1, "c": 0}},
        ),
    )

    assert what_comes(graph, "items") == [
        ("a", 0),
        ("b", 0),
        ("c", 0),
        ("a", 1),
        ("b", 1),
        ("a", 2),
        ("a", 3),
        ("a", 4),
    ]


def test_a_key_is_done_only_when_every_consumer_has_said_so() -> None:
    graph = chain_of(
        node("one", UpToCalculator, {"inward": "items"}, {"outward": "x"}, options={"ends": {"b": 1}}),
        node("two", UpToCalculator, {"inward": "items"}, {"outward": "y"}, options={"ends": {"b": 3}}),
    )

    assert [number for key, number in what_comes(graph, "items") if key == "b"] == [0, 1, 2, 3]


def test_a_consumer_that_is_done_with_the_whole_stream_needs_no_key_of_it() -> None:
    class LeaverCalculator(Calculator):
        """Is done with everything at the first number 2."""

        inward = Input[tuple[str, int]]()

        def process(self, cx: Context) -> None:
            if cx[self.inward][1] == 2:
                cx.done(self.inward)

    graph = chain_of(
        node("one", UpToCalculator, {"inward": "items"}, {"outward": "x"}, options={"ends": {"b": 0}}),
        node("leaver", LeaverCalculator, {"inward": "items"}),
    )

    assert [number for key, number in what_comes(graph, "items") if key == "b"] == [0, 1]


def test_a_node_keeps_a_key_that_one_of_its_outputs_still_needs() -> None:
    class SplitCalculator(Calculator):
        """Sends each item twice."""

        inward = Input[tuple[str, int]]()
        left = Output[tuple[str, int]]()
        right = Output[tuple[str, int]]()

        def process(self, cx: Context) -> None:
            cx.send(self.left, cx[self.inward])
            cx.send(self.right, cx[self.inward])

    graph = chain_of(
        node("split", SplitCalculator, {"inward": "items"}, {"left": "left", "right": "right"}),
        node("one", UpToCalculator, {"inward": "left"}, {"outward": "x"}, options={"ends": {"b": 0}}),
        node("two", UpToCalculator, {"inward": "right"}, {"outward": "y"}, options={"ends": {"b": 2}}),
    )

    assert [number for key, number in what_comes(graph, "items") if key == "b"] == [0, 1, 2]


def test_a_thread_says_it_as_well() -> None:
    graph = Graph(
        plan(
            node("count", CountCalculator, {"start": "start"}, {"items": "items"}),
            node(
                "end",
                UpToCalculator,
                {"inward": "items"},
                {"outward": "out"},
                options={"ends": {"b": 0}},
                executor="pool",
            ),
            inputs=("start",),
            threads={"pool": 1},
            max_queue_size=1,
        )
    )

    assert ("b", 4) not in what_comes(graph, "items")


def test_a_port_that_is_none_of_the_node_is_refused() -> None:
    class ConfusedCalculator(Calculator):
        inward = Input[tuple[str, int]]()

        def process(self, cx: Context) -> None:
            with pytest.raises(PortError, match="has no input"):
                cx.done(CountCalculator.start, "a")

    assert what_comes(chain_of(node("end", ConfusedCalculator, {"inward": "items"})), "items")
