"""What goes wrong in a run is told with its place, and what to do about it."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import NotFoundError, RunError, TimestampError
from ovpipe.packet import Packet
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

    with pytest.raises(
        TimestampError,
        match="minimum expected timestamp is 21 but received 10; .* send at 21 or later, or leave out `at`",
    ):
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


async def look(packet: Packet[Any]) -> None:
    """An observer that nobody would await."""


class Looking:
    async def __call__(self, packet: Packet[Any]) -> None:
        """As `look`."""


@pytest.mark.parametrize("observer", [look, partial(look), Looking()], ids=["function", "partial", "object"])
def test_an_async_observer_is_refused_with_what_to_do(observer: Any) -> None:
    async def scenario() -> None:
        async with graph_of(CHAIN, AddOneCalculator) as graph:
            run = graph.run()
            with pytest.raises(
                TypeError,
                match="an observer of stream 'result' is called and not awaited, but .* is async; make it plain, "
                r"or read the stream with run.read\(\) in a task of your own",
            ):
                run.observe("result", observer)
            with pytest.raises(TypeError, match="an observer of errors is called and not awaited"):
                run.observe_errors(observer)
            with pytest.raises(TypeError, match="what hears of a stall is called and not awaited"):
                run.watch_stall(1, observer)

    asyncio.run(scenario())


def test_an_observer_that_only_turns_out_to_be_async_fails_the_run() -> None:
    async def scenario() -> None:
        async with graph_of(CHAIN, AddOneCalculator) as graph, graph.run() as run:
            run.observe("result", lambda packet: look(packet))
            await run.send("number", 1)

    with pytest.raises(
        RunError, match="an observer of stream 'result' failed: .* nobody awaits; make it plain"
    ):
        asyncio.run(scenario())


def test_an_observer_that_raises_what_is_no_exception_fails_the_run() -> None:
    async def scenario() -> None:
        async with graph_of(CHAIN, AddOneCalculator) as graph, graph.run() as run:
            run.observe("result", lambda packet: sys.exit("seen enough"))
            await run.send("number", 1)

    with pytest.raises(RunError, match="an observer of stream 'result' failed: SystemExit: seen enough"):
        asyncio.run(scenario())


class AtCalculator(Calculator):
    """Sends at what it gets."""

    number = Input[Any]()
    sum = Output[Any]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, 1, at=cx[self.number])


class AsyncAtCalculator(Calculator):
    number = Input[Any]()
    sum = Output[Any]()

    async def process(self, cx: Context) -> None:
        cx.send(self.sum, 1, at=cx[self.number])


class BoundCalculator(AtCalculator):
    def process(self, cx: Context) -> None:
        cx.set_bound(self.sum, cx[self.number])


@pytest.mark.parametrize(
    ("calculator", "more", "what"),
    [
        (AtCalculator, "", "at="),
        (AtCalculator, ", executor: pool", "at="),
        (AsyncAtCalculator, "", "at="),
        (AsyncAtCalculator, ", max_in_flight: 2", "at="),
        (BoundCalculator, "", "bound"),
        (BoundCalculator, ", executor: pool", "bound"),
    ],
)
def test_a_packet_or_a_bound_at_what_is_no_timestamp_is_refused_with_node_and_port(
    calculator: type[Calculator], more: str, what: str
) -> None:
    text = f"""
version: 1
executors: {{pool: {{threads: 1}}}}
inputs: [number]
outputs: [result]
nodes:
  at: {{calculator: {calculator.__name__}, inputs: {{number: number}}, outputs: {{sum: result}}{more}}}
"""

    async def scenario() -> None:
        async with graph_of(text, calculator) as graph:
            for value, shown in ((12.5, "12.5 (float)"), (True, "True (bool)"), ("7", "'7' (str)")):
                with pytest.raises(RunError) as raised:
                    async with graph.run() as run:
                        await run.send("number", value)
                assert str(raised.value).startswith("<text>:7: node 'at' (")
                assert what in str(raised.value)
                assert "Calculator.sum" in str(raised.value)
                assert f"{shown} is no timestamp; a timestamp is an integer" in str(raised.value)

    asyncio.run(scenario())


@pytest.mark.parametrize("value", [12.5, 12.0, True, "12"])
def test_who_feeds_a_graph_hears_of_no_timestamp_by_the_inputs_name(value: Any) -> None:
    async def scenario() -> None:
        async with graph_of(CHAIN, AddOneCalculator) as graph, graph.run() as run:
            refused = "input 'number' of <text>.* is no timestamp; a timestamp is an integer"
            with pytest.raises(TimestampError, match=refused):
                await run.send("number", 1, at=value)
            with pytest.raises(TimestampError, match=refused):
                run.offer("number", 1, at=value)
            with pytest.raises(TimestampError, match=refused):
                run.set_bound("number", value)
            of_numpy: tuple[Any, Any] = (np.int64(3), np.uint8(4))
            await run.send("number", 1, at=of_numpy[0])
            assert run.offer("number", 2, at=of_numpy[1])

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


class WrongTypeCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, "one")  # type: ignore[misc]  # the mistake that is tested


@pytest.mark.parametrize("second", [AddOneCalculator, SlowFailCalculator])
def test_a_node_that_fails_on_a_wrong_type_names_the_node_that_sent_it(
    second: type[Calculator], caplog: pytest.LogCaptureFixture
) -> None:
    text = f"""
version: 1
inputs: [number]
outputs: [result]
nodes:
  wrong: {{calculator: WrongTypeCalculator, inputs: {{number: number}}, outputs: {{sum: between}}}}
  add: {{calculator: {second.__name__}, inputs: {{number: between}}, outputs: {{sum: middle}}}}
  last: {{calculator: AddOneCalculator, inputs: {{number: middle}}, outputs: {{sum: result}}}}
"""
    graph = graph_of(text, AddOneCalculator, WrongTypeCalculator, second)
    with pytest.raises(RunError) as raised:
        asyncio.run(results(graph, "result", number=[0]))
    told = {
        AddOneCalculator: "input 'number' of 'add' had a str, not a int, from node 'wrong' (<text>:6)",
        SlowFailCalculator: "input 'number' of 'last' had a str, not a int, from node 'add' (<text>:7)",
    }[second]
    assert str(raised.value).endswith(f"; {told}")
    assert told in caplog.text


def test_a_node_that_fails_on_what_its_input_takes_accuses_nobody() -> None:
    text = CHAIN.replace("two: {calculator: AddOne", "two: {calculator: Fail")
    with pytest.raises(RunError) as raised:
        asyncio.run(results(graph_of(text, AddOneCalculator, FailCalculator), "result", number=[0, 1, 2]))
    assert "had a" not in str(raised.value)
