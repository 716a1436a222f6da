"""What goes wrong in a run is told with its place, and what to do about it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import NotFoundError, RunError, TimestampError
from ovpipe.ports import Input, Output
from tests.runtime.texts import (
    CHAIN,
    JOIN,
    AddOneCalculator,
    FailCalculator,
    PairCalculator,
    graph_of,
    results,
)


class SlowFailCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        if cx.timestamp == 2:
            raise ValueError("no twos")
        cx.send(self.sum, cx[self.number])


@pytest.mark.parametrize("failing", [FailCalculator, SlowFailCalculator])
def test_an_exception_ends_its_run_and_names_node_timestamp_phase_and_line(failing: type[Calculator]) -> None:
    text = f"""
version: 1
inputs: [number]
outputs: [result]
nodes:
  add: {{calculator: AddOneCalculator, inputs: {{number: number}}, outputs: {{sum: between}}}}
  bad: {{calculator: {failing.__name__}, inputs: {{number: between}}, outputs: {{sum: result}}}}
"""
    with pytest.raises(RunError) as raised:
        asyncio.run(results(graph_of(text, AddOneCalculator, failing), "result", number=[0, 1, 2, 3]))
    assert str(raised.value) == (
        f"<text>:7: node 'bad' ({failing.__name__}) failed in process at timestamp 2: ValueError: no twos"
    )
    assert (raised.value.node, raised.value.phase, raised.value.timestamp) == ("bad", "process", 2)
    assert isinstance(raised.value.__cause__, ValueError)


def test_another_run_does_not_notice_a_failed_one() -> None:
    text = """
version: 1
inputs: [number]
outputs: [result]
nodes:
  bad: {calculator: FailCalculator, inputs: {number: number}, outputs: {sum: result}}
"""

    async def scenario() -> list[int]:
        values: list[int] = []
        graph = graph_of(text, FailCalculator)
        async with graph, graph.run() as good:
            good.observe("result", lambda packet: values.append(packet.value))
            await good.send("number", 1, at=0)
            with pytest.raises(RunError):
                async with graph.run() as bad:
                    await bad.send("number", 1, at=2)
            await good.send("number", 2, at=1)
        return values

    assert asyncio.run(scenario()) == [1, 2]


def test_a_packet_that_comes_too_early_is_refused_with_the_timestamp_that_was_expected() -> None:
    async def scenario() -> None:
        graph = graph_of(CHAIN, AddOneCalculator)
        async with graph, graph.run() as run:
            await run.send("number", 0, at=20)
            await run.send("number", 0, at=10)

    with pytest.raises(TimestampError, match="minimum expected timestamp is 21 but received 10"):
        asyncio.run(scenario())


def test_a_node_that_sends_twice_at_one_timestamp_fails_by_name() -> None:
    class TwiceCalculator(AddOneCalculator):
        def process(self, cx: Context) -> None:
            cx.send(self.sum, 1)
            cx.send(self.sum, 2)

    text = CHAIN.replace("one: {calculator: AddOne", "one: {calculator: Twice")
    with pytest.raises(
        RunError, match=r"'one' .*stream 'between': minimum expected timestamp is 1 but received 0"
    ):
        asyncio.run(results(graph_of(text, TwiceCalculator, AddOneCalculator), "result", number=[0]))


def test_reading_an_empty_input_is_an_error_that_says_what_to_do() -> None:
    class CarelessCalculator(PairCalculator):
        def process(self, cx: Context) -> None:
            cx.send(self.pair, (cx[self.left], cx[self.right]))

    text = JOIN.replace("PairCalculator", "CarelessCalculator")
    with pytest.raises(RunError, match="input 'right' is empty at 0; ask `port in cx` first, or use cx.get"):
        asyncio.run(results(graph_of(text, CarelessCalculator), "pair", left=[1], right=[]))


def test_a_plain_process_that_returns_something_is_told_so() -> None:
    class ForgetfulCalculator(AddOneCalculator):
        def process(self, cx: Context) -> Any:
            return cx[self.number]

    text = CHAIN.replace("one: {calculator: AddOne", "one: {calculator: Forgetful")
    with pytest.raises(
        RunError, match="ForgetfulCalculator.process returned a value; outputs are sent with cx.send"
    ):
        asyncio.run(results(graph_of(text, ForgetfulCalculator, AddOneCalculator), "result", number=[0]))


def test_an_observers_error_fails_the_run() -> None:
    async def scenario() -> None:
        graph = graph_of(CHAIN, AddOneCalculator)
        async with graph, graph.run() as run:
            run.observe("between", lambda packet: 1 // 0)
            await run.send("number", 0)

    with pytest.raises(RunError, match="an observer of stream 'between' failed: ZeroDivisionError"):
        asyncio.run(scenario())


def test_an_unknown_stream_is_answered_with_those_there_are() -> None:
    async def scenario() -> None:
        graph = graph_of(CHAIN, AddOneCalculator)
        async with graph:
            run = graph.run()
            with pytest.raises(
                NotFoundError, match="there is no stream 'betwen' in <text>: did you mean 'between'?"
            ):
                run.read("betwen")
            with pytest.raises(NotFoundError, match="'between' is no input of <text>: there are: number"):
                await run.send("between", 1)

    asyncio.run(scenario())
