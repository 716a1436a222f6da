"""Side packets: from outside, of a run's own, and from the nodes without streams that make them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import NotFoundError, RunError
from ovpipe.ports import Input, Output, SideInput, SideOutput
from tests.runtime.texts import RECORD, RecordCalculator, graph_of


def test_a_node_without_streams_opens_once_and_its_side_packet_is_shared_by_all_runs() -> None:
    opened: list[str] = []

    class ModelCalculator(Calculator):
        model = SideOutput[int]()

        def open(self, cx: Context) -> None:
            opened.append("open")
            cx.set_side(self.model, 40)

        async def close(self, cx: Context) -> None:
            opened.append("close")

    class UseCalculator(Calculator):
        model = SideInput[int]()
        number = Input[int]()
        sum = Output[int]()

        def process(self, cx: Context) -> None:
            cx.send(self.sum, cx[self.number] + cx[self.model])

    text = """
version: 1
inputs: [number]
outputs: [result]
nodes:
  use: {calculator: UseCalculator, side_inputs: {model: model}, inputs: {number: number}, outputs: {sum: result}}
  model: {calculator: ModelCalculator, side_outputs: {model: model}}
"""

    async def scenario() -> list[int]:
        values: list[int] = []
        graph = graph_of(text, ModelCalculator, UseCalculator)
        async with graph:
            for _ in range(2):
                async with graph.run() as run:
                    run.observe("result", lambda packet: values.append(packet.value))
                    await run.send("number", 2)
        return values

    assert asyncio.run(scenario()) == [42, 42]
    assert opened == ["open", "close"]


def test_a_run_may_bring_a_side_packet_of_its_own() -> None:
    class UseCalculator(Calculator):
        extra = SideInput[int]()
        number = Input[int]()
        sum = Output[int]()

        def process(self, cx: Context) -> None:
            cx.send(self.sum, cx[self.number] + cx[self.extra])

    text = """
version: 1
inputs: [number]
outputs: [result]
side_inputs: [extra]
nodes:
  use: {calculator: UseCalculator, side_inputs: {extra: extra}, inputs: {number: number}, outputs: {sum: result}}
"""

    async def scenario() -> list[int]:
        values: list[int] = []
        graph = graph_of(text, UseCalculator)
        await graph.open({"extra": 1})
        async with graph:
            for own in (None, {"extra": 100}):
                async with graph.run(own) as run:
                    run.observe("result", lambda packet: values.append(packet.value))
                    await run.send("number", 0)
        return values

    assert asyncio.run(scenario()) == [1, 100]


def test_a_missing_side_packet_from_outside_is_named() -> None:
    graph = graph_of(RECORD, RecordCalculator)
    with pytest.raises(NotFoundError, match="requires side packets from outside that were not given: log"):
        asyncio.run(graph.open())


class MayUseCalculator(Calculator):
    """Sends the sum of a number and what it was given, if it was given anything."""

    extra = SideInput[int](optional=True)
    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, cx[self.number] + (cx.get(self.extra) or 0))


MAY_USE = """
version: 1
name: sums
inputs: [number]
outputs: [result]
side_inputs: [{name: extra, optional: true}]
nodes:
  use: {calculator: MayUseCalculator, side_inputs: {extra: extra}, inputs: {number: number}, outputs: {sum: result}}
"""


@pytest.mark.parametrize(("given", "results"), [(None, [1, 101]), ({"extra": 10}, [11, 101])])
def test_an_optional_side_packet_may_be_given_to_the_graph_to_a_run_or_to_neither(
    given: dict[str, int] | None, results: list[int]
) -> None:
    async def scenario() -> list[int]:
        values: list[int] = []
        graph = graph_of(MAY_USE, MayUseCalculator)
        await graph.open(given)
        async with graph:
            for own in (None, {"extra": 100}):
                async with graph.run(own) as run:
                    run.observe("result", lambda packet: values.append(packet.value))
                    await run.send("number", 1)
        return values

    assert asyncio.run(scenario()) == results


def test_a_value_that_was_not_given_is_empty_and_asking_for_it_all_the_same_is_told() -> None:
    class InsistCalculator(MayUseCalculator):
        def process(self, cx: Context) -> None:
            assert cx.get(self.extra) is None
            assert self.extra not in cx
            cx.send(self.sum, cx[self.number] + cx[self.extra])

    async def scenario() -> None:
        text = MAY_USE.replace("MayUse", "Insist")
        async with graph_of(text, InsistCalculator) as graph, graph.run() as run:
            await run.send("number", 1)

    with pytest.raises(RunError, match="side input 'extra' is not wired, or its side packet was not given"):
        asyncio.run(scenario())


def test_a_node_without_streams_opens_without_an_optional_side_packet() -> None:
    class MakeCalculator(Calculator):
        extra = SideInput[int](optional=True)
        made = SideOutput[int | None]()

        def open(self, cx: Context) -> None:
            cx.set_side(self.made, cx.get(self.extra))

    text = """
version: 1
side_inputs: [{name: extra, optional: true}]
nodes:
  make: {calculator: MakeCalculator, side_inputs: {extra: extra}, side_outputs: {made: made}}
"""

    async def made(given: dict[str, int] | None) -> Any:
        graph = graph_of(text, MakeCalculator)
        await graph.open(given)
        async with graph:
            return graph.side_packets["made"]

    assert asyncio.run(made(None)) is None
    assert asyncio.run(made({"extra": 1})) == 1


def test_a_side_packet_that_the_graph_does_not_take_is_refused_with_the_one_that_may_be_meant() -> None:
    async def scenario() -> None:
        graph = graph_of(MAY_USE, MayUseCalculator)
        with pytest.raises(
            NotFoundError, match="'sums' takes no side packet 'extr' .*: did you mean 'extra'?"
        ):
            await graph.open({"extr": 1})
        async with graph:
            with pytest.raises(
                NotFoundError, match="'sums' takes no side packet 'extr' .*: did you mean 'extra'?"
            ):
                graph.run({"extr": 1})

    asyncio.run(scenario())


def test_a_graph_whose_resource_fails_closes_those_before_it_and_names_the_node() -> None:
    closed: list[str] = []

    class FirstCalculator(Calculator):
        first = SideOutput[int]()

        def open(self, cx: Context) -> None:
            cx.set_side(self.first, 1)

        def close(self, cx: Context) -> None:
            closed.append("first")

    class SecondCalculator(Calculator):
        first = SideInput[int]()
        second = SideOutput[int]()

        def open(self, cx: Context) -> None:
            raise OSError("no such model")

    text = """
version: 1
nodes:
  second: {calculator: SecondCalculator, side_inputs: {first: first}, side_outputs: {second: second}}
  first: {calculator: FirstCalculator, side_outputs: {first: first}}
"""
    graph = graph_of(text, FirstCalculator, SecondCalculator)
    with pytest.raises(RunError, match="<text>:4: node 'second' .* failed in open: no such model"):
        asyncio.run(graph.open())
    assert closed == ["first"]
