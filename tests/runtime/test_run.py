"""A run: packets through a graph, from the first send to the last close."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import NotFoundError, OvpipeError, RunCancelled, RunError, TimestampError
from ovpipe.graph.load import load_graph_text
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from ovpipe.timestamp import Timestamp


class AddOneCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, cx[self.number] + 1)


class SlowAddOneCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        cx.send(self.sum, cx[self.number] + 1)


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


class DropOddCalculator(Calculator):
    number = Input[int]()
    even = Output[int]()

    def process(self, cx: Context) -> None:
        if cx[self.number] % 2 == 0:
            cx.send(self.even, cx[self.number])


class CountCalculator(Calculator):
    """Sends how many packets it has seen."""

    number = Input[int]()
    count = Output[int]()

    def __init__(self) -> None:
        self.seen = 0

    def process(self, cx: Context) -> None:
        self.seen += 1
        cx.send(self.count, self.seen)


class SpellCalculator(Calculator):
    """One word in, a packet for each letter out."""

    word = Input[str]()
    letter = Output[str](streaming=True)

    async def process(self, cx: Context) -> None:
        for letter in cx[self.word]:
            cx.send(self.letter, letter)
            await cx.drain()


CHAIN = """
version: 1
inputs: [number]
outputs: [result]
nodes:
  one: {calculator: AddOneCalculator, inputs: {number: number}, outputs: {sum: between}}
  two: {calculator: AddOneCalculator, inputs: {number: between}, outputs: {sum: result}}
"""


def graph_of(text: str, *classes: type[Calculator]) -> Graph:
    return Graph(load_graph_text(text, registry=Registry.of(*classes)))


async def results(graph: Graph, output: str, **inputs: list[Any]) -> list[Packet[Any]]:
    """Everything a graph sends to `output` for these inputs, values or packets."""
    packets: list[Packet[Any]] = []
    async with graph, graph.run() as run:
        run.observe(output, packets.append)
        for name, values in inputs.items():
            for index, value in enumerate(values):
                packet = value if isinstance(value, Packet) else Packet(value, Timestamp(index))
                await run.send(name, packet.value, at=packet.timestamp)
    return packets


def test_packets_pass_through_a_chain_at_their_timestamps() -> None:
    packets = asyncio.run(results(graph_of(CHAIN, AddOneCalculator), "result", number=[1, 2, 3]))
    assert packets == [Packet(3, Timestamp(0)), Packet(4, Timestamp(1)), Packet(5, Timestamp(2))]


def test_a_plain_and_an_async_process_give_the_same() -> None:
    text = CHAIN.replace("two: {calculator: AddOne", "two: {calculator: SlowAddOne")
    packets = asyncio.run(
        results(graph_of(text, AddOneCalculator, SlowAddOneCalculator), "result", number=[1, 2])
    )
    assert packets == [Packet(3, Timestamp(0)), Packet(4, Timestamp(1))]


def test_more_packets_than_a_queue_holds_all_arrive_in_order() -> None:
    text = CHAIN + "max_queue_size: 3\n"
    packets = asyncio.run(results(graph_of(text, AddOneCalculator), "result", number=list(range(1000))))
    assert [packet.value for packet in packets] == list(range(2, 1002))


JOIN = """
version: 1
inputs: [left, right]
outputs: [pair]
nodes:
  join: {calculator: PairCalculator, inputs: {left: left, right: right}, outputs: {pair: pair}}
"""


def test_a_join_processes_a_timestamp_when_every_input_is_settled_there() -> None:
    async def scenario() -> list[list[Any]]:
        seen: list[Any] = []
        steps = []
        graph = graph_of(JOIN, PairCalculator)
        async with graph, graph.run() as run:
            run.observe("pair", lambda packet: seen.append((int(packet.timestamp), packet.value)))
            await run.send("left", 10, at=1)
            steps.append(list(seen))
            await run.send("right", 20, at=2)
            steps.append(list(seen))
            await run.send("left", 11, at=2)
            steps.append(list(seen))
        return steps

    assert asyncio.run(scenario()) == [[], [(1, (10, None))], [(1, (10, None)), (2, (11, 20))]]


def test_a_node_that_sends_nothing_still_settles_its_timestamp_for_the_join_below() -> None:
    text = """
version: 1
inputs: [number]
outputs: [pair]
nodes:
  drop: {calculator: DropOddCalculator, inputs: {number: number}, outputs: {even: even}}
  join: {calculator: PairCalculator, inputs: {left: number, right: even}, outputs: {pair: pair}}
"""
    packets = asyncio.run(
        results(graph_of(text, DropOddCalculator, PairCalculator), "pair", number=[0, 1, 2])
    )
    assert [packet.value for packet in packets] == [(0, 0), (1, None), (2, 2)]


def test_every_run_has_calculators_of_its_own() -> None:
    text = """
version: 1
inputs: [number]
outputs: [count]
nodes:
  count: {calculator: CountCalculator, inputs: {number: number}, outputs: {count: count}}
"""

    async def scenario() -> list[list[int]]:
        graph = graph_of(text, CountCalculator)
        counts: list[list[int]] = [[], []]
        async with graph, graph.run() as first, graph.run() as second:
            first.observe("count", lambda packet: counts[0].append(packet.value))
            second.observe("count", lambda packet: counts[1].append(packet.value))
            await first.send("number", 0)
            await second.send("number", 0)
            await first.send("number", 0)
        return counts

    assert asyncio.run(scenario()) == [[1, 2], [1]]


def test_a_streaming_output_counts_on_from_its_last_packet() -> None:
    text = """
version: 1
inputs: [word]
outputs: [letter]
nodes:
  spell: {calculator: SpellCalculator, inputs: {word: word}, outputs: {letter: letter}}
"""
    packets = asyncio.run(
        results(
            graph_of(text, SpellCalculator),
            "letter",
            word=[Packet("abc", Timestamp(0)), Packet("d", Timestamp(7))],
        )
    )
    assert [(int(packet.timestamp), packet.value) for packet in packets] == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
        (7, "d"),
    ]


def test_what_an_async_process_sends_is_seen_before_it_returns() -> None:
    class WaitCalculator(Calculator):
        gate = SideInput[asyncio.Event]()
        number = Input[int]()
        sum = Output[int](streaming=True)

        async def process(self, cx: Context) -> None:
            cx.send(self.sum, 1)
            await cx[self.gate].wait()
            cx.send(self.sum, 2)

    text = """
version: 1
inputs: [number]
outputs: [result]
side_inputs: [gate]
nodes:
  wait: {calculator: WaitCalculator, inputs: {number: number}, outputs: {sum: early}, side_inputs: {gate: gate}}
  add: {calculator: AddOneCalculator, inputs: {number: early}, outputs: {sum: result}}
"""

    async def scenario() -> tuple[Any, Any]:
        gate = asyncio.Event()
        graph = graph_of(text, WaitCalculator, AddOneCalculator)
        await graph.open({"gate": gate})
        async with graph, graph.run() as run:
            reader = run.read("result")
            await run.send("number", 0)
            first = await anext(reader)
            gate.set()
            return first.value, (await anext(reader)).value

    assert asyncio.run(scenario()) == (2, 3)


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


class RecordCalculator(Calculator):
    """Notes the order of its life."""

    log = SideInput[list[str]]()
    number = Input[int]()
    out = Output[int](streaming=True)

    def open(self, cx: Context) -> None:
        cx[self.log].append(f"open at {cx.timestamp}, {'with' if self.number in cx else 'without'} a packet")

    def process(self, cx: Context) -> None:
        cx[self.log].append(f"process {cx[self.number]} at {cx.timestamp}")

    def close(self, cx: Context) -> None:
        cx[self.log].append(f"close at {cx.timestamp}, {'with' if self.number in cx else 'without'} a packet")
        cx.send(self.out, 99)


RECORD = """
version: 1
inputs: [number]
outputs: [out]
side_inputs: [log]
nodes:
  record: {calculator: RecordCalculator, inputs: {number: number}, outputs: {out: out}, side_inputs: {log: log}}
"""


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


class FailCalculator(Calculator):
    """Fails at timestamp 2."""

    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        if cx.timestamp == 2:
            raise ValueError("no twos")
        cx.send(self.sum, cx[self.number])


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


def test_a_reader_gives_every_packet_and_ends_with_the_stream() -> None:
    async def scenario() -> list[int]:
        graph = graph_of(CHAIN, AddOneCalculator)
        async with graph, graph.run() as run:
            reader = run.read("result")
            for number in range(5):
                await run.send("number", number)
            run.close_inputs()
            return [packet.value async for packet in reader]

    assert asyncio.run(scenario()) == [2, 3, 4, 5, 6]


def test_a_run_needs_an_open_graph() -> None:
    async def scenario() -> None:
        graph_of(CHAIN, AddOneCalculator).run()

    with pytest.raises(OvpipeError, match="is not open"):
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
