"""Whatever class of exception a calculator raises, and wherever: its run fails, and names the node."""

from __future__ import annotations

import asyncio
import concurrent.futures
import itertools
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, RunCancelled, RunError
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.runtime import Graph
from tests.runtime.texts import graph_of


class EndOfEverything(BaseException):
    """None of Python's own."""


class FailureCalculator(Calculator):
    """Raises what it is given, in the phase that it is given."""

    kind = SideInput[Any]()
    phase = SideInput[str]()

    def fail(self, cx: Context, phase: str) -> None:
        if cx[self.phase] == phase:
            raise cx[self.kind]("it is over")


class PlainCalculator(FailureCalculator):
    number = Input[int]()
    out = Output[int]()

    def open(self, cx: Context) -> None:
        self.fail(cx, "open")

    def process(self, cx: Context) -> None:
        self.fail(cx, "process")
        cx.send(self.out, cx[self.number])

    def close(self, cx: Context) -> None:
        self.fail(cx, "close")


class AsyncCalculator(FailureCalculator):
    number = Input[int]()
    out = Output[int]()

    async def open(self, cx: Context) -> None:
        await asyncio.sleep(0)
        self.fail(cx, "open")

    async def process(self, cx: Context) -> None:
        await asyncio.sleep(0)
        self.fail(cx, "process")
        cx.send(self.out, cx[self.number])

    async def close(self, cx: Context) -> None:
        await asyncio.sleep(0)
        self.fail(cx, "close")


class TwoInputsCalculator(PlainCalculator):
    other = Input[int](optional=True)


class PlainSourceCalculator(FailureCalculator):
    out = Output[int]()

    def open(self, cx: Context) -> None:
        self.fail(cx, "open")

    def process(self, cx: Context) -> Iterator[None]:
        yield
        self.fail(cx, "process")
        cx.send(self.out, 1, at=1)

    def close(self, cx: Context) -> None:
        self.fail(cx, "close")


class AsyncSourceCalculator(FailureCalculator):
    out = Output[int]()

    async def open(self, cx: Context) -> None:
        self.fail(cx, "open")

    async def process(self, cx: Context) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        yield
        self.fail(cx, "process")
        cx.send(self.out, 1, at=1)

    async def close(self, cx: Context) -> None:
        self.fail(cx, "close")


EVERY = [
    GeneratorExit,
    asyncio.CancelledError,
    concurrent.futures.CancelledError,
    SystemExit,
    KeyboardInterrupt,
    StopIteration,
    StopAsyncIteration,
    EndOfEverything,
]
STOPS = (StopIteration, StopAsyncIteration)
"""Of a coroutine or a generator Python itself makes these a RuntimeError."""
FORMS = {
    "plain": "calculator: PlainCalculator, inputs: {number: number}",
    "join": "calculator: TwoInputsCalculator, inputs: {number: number, other: number}",
    "async": "calculator: AsyncCalculator, inputs: {number: number}",
    "overlapping": "calculator: AsyncCalculator, inputs: {number: number}, max_in_flight: 3",
    "thread": "calculator: PlainCalculator, inputs: {number: number}, executor: pool",
    "threads": "calculator: PlainCalculator, inputs: {number: number}, executor: pool, max_in_flight: 3",
    "source": "calculator: PlainSourceCalculator",
    "async source": "calculator: AsyncSourceCalculator",
}


TEXT = """
version: 1
executors: {pool: {threads: 2}}
inputs: [number]
side_inputs: [kind, phase]
outputs: [out]
nodes:
  bad: {%s, outputs: {out: out}, side_inputs: {kind: kind, phase: phase}}
"""
CALCULATORS = (
    PlainCalculator,
    AsyncCalculator,
    TwoInputsCalculator,
    PlainSourceCalculator,
    AsyncSourceCalculator,
)


def graph_with(form: str) -> Graph:
    text = TEXT % FORMS[form]
    if "number" not in FORMS[form]:
        text = text.replace("inputs: [number]\n", "", 1)
    return graph_of(text, *CALCULATORS)


async def failure_of(graph: Graph, phase: str, kind: type[BaseException]) -> RunError:
    """What a run of an open graph ends with."""
    with pytest.raises(RunError) as raised:
        async with asyncio.timeout(10), graph.run({"kind": kind, "phase": phase}) as run:
            for number in range(4 * len(graph.plan.inputs)):
                await run.send("number", number)
    return raised.value


@pytest.mark.parametrize("form", FORMS)
def test_whatever_a_calculator_raises_ends_its_run_and_is_named_with_node_phase_and_line(
    form: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        graph = graph_with(form)
        place = "<text>:8" if graph.plan.inputs else "<text>:7"
        await graph.open({"kind": None, "phase": ""})
        async with graph:
            for phase, kind in itertools.product(("open", "process", "close"), EVERY):
                caplog.clear()
                error = await failure_of(graph, phase, kind)
                assert (error.node, error.phase, error.place) == ("bad", phase, place)
                assert str(error).startswith(f"{place}: node 'bad' (")
                assert isinstance(error.__cause__, kind) or issubclass(kind, STOPS)
                record = caplog.records[0]  # of calls side by side each has its own
                assert (record.levelno, record.name) == (logging.ERROR, "ovpipe.runtime.runs.failures")
                assert f": node 'bad' failed in {phase} at timestamp" in record.getMessage()
                assert f"({place}): " in record.getMessage()

    asyncio.run(scenario())


class ChoosyCalculator(Calculator):
    """Cannot take a 2."""

    kind = SideInput[Any]()
    number = Input[int]()
    out = Output[int]()

    def process(self, cx: Context) -> None:
        if cx[self.number] == 2:
            raise cx[self.kind]
        cx.send(self.out, cx[self.number])


class AsyncChoosyCalculator(ChoosyCalculator):
    async def process(self, cx: Context) -> None:  # type: ignore[override]  # as any process, plain or async
        await asyncio.sleep(0)
        super().process(cx)


@pytest.mark.parametrize(
    "form",
    [
        "calculator: ChoosyCalculator",
        "calculator: ChoosyCalculator, executor: pool",
        "calculator: AsyncChoosyCalculator",
        "calculator: AsyncChoosyCalculator, max_in_flight: 2",
    ],
)
def test_with_on_error_drop_it_costs_its_timestamp_only(form: str) -> None:
    text = f"""
version: 1
executors: {{pool: {{threads: 1}}}}
inputs: [number]
side_inputs: [kind]
outputs: [out]
nodes:
  choosy: {{{form}, inputs: {{number: number}}, outputs: {{out: out}}, side_inputs: {{kind: kind}}, on_error: drop}}
"""

    async def scenario() -> None:
        graph = graph_of(text, ChoosyCalculator, AsyncChoosyCalculator)
        await graph.open({"kind": None})
        async with graph:
            for kind in EVERY:
                values, errors = list[Packet[int]](), list[RunError]()
                async with asyncio.timeout(10), graph.run({"kind": kind}) as run:
                    run.observe("out", values.append)
                    run.observe_errors(errors.append)
                    for number in range(5):
                        await run.send("number", number)
                assert [packet.value for packet in values] == [0, 1, 3, 4]
                assert [(error.node, error.timestamp) for error in errors] == [("choosy", 2)]

    asyncio.run(scenario())


class UnbuildableCalculator(Calculator):
    """Can be built once: when the graph checks its options."""

    number = Input[int]()

    def __init__(self, *, kind: str) -> None:
        if kind in BUILT:
            raise next(one for one in EVERY if one.__name__ == kind)("no more")
        BUILT.add(kind)


BUILT: set[str] = set()


@pytest.mark.parametrize("kind", ["SystemExit", "CancelledError", "EndOfEverything"])
def test_so_does_what_a_constructor_raises(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    text = f"""
version: 1
inputs: [number]
nodes:
  bad: {{calculator: UnbuildableCalculator, inputs: {{number: number}}, options: {{kind: {kind}}}}}
"""

    async def scenario() -> None:
        async with graph_of(text, UnbuildableCalculator) as graph:
            graph.run()

    BUILT.clear()
    with pytest.raises(
        RunError, match=f"<text>:5: node 'bad' .* failed in its constructor: {kind}: no more"
    ) as raised:
        asyncio.run(scenario())
    assert (raised.value.node, raised.value.phase, raised.value.place) == ("bad", "constructor", "<text>:5")
    assert "run 1: node 'bad' failed in constructor" in caplog.text


@pytest.mark.parametrize("kind", [SystemExit, asyncio.CancelledError])
def test_a_graph_whose_calculator_cannot_be_built_for_such_a_reason_is_a_finding(
    kind: type[BaseException],
) -> None:
    class NeverBuiltCalculator(Calculator):
        number = Input[int]()

        def __init__(self) -> None:
            raise kind("no")

    text = """
version: 1
inputs: [number]
nodes:
  bad: {calculator: NeverBuiltCalculator, inputs: {number: number}}
"""
    with pytest.raises(
        GraphError, match=f"<text>:5: NeverBuiltCalculator refuses its options: {kind.__name__}"
    ):
        graph_of(text, NeverBuiltCalculator)


class ResourceCalculator(Calculator):
    kind = SideInput[Any]()
    phase = SideInput[str]()
    thing = SideOutput[int]()

    def open(self, cx: Context) -> None:
        self.fail(cx, "open")
        cx.set_side(self.thing, 1)

    def close(self, cx: Context) -> None:
        self.fail(cx, "close")

    def fail(self, cx: Context, phase: str) -> None:
        if cx[self.phase] == phase:
            raise cx[self.kind]("no resource")


class AsyncResourceCalculator(ResourceCalculator):
    async def open(self, cx: Context) -> None:  # type: ignore[override]  # as any open, plain or async
        await asyncio.sleep(0)
        super().open(cx)

    async def close(self, cx: Context) -> None:  # type: ignore[override]  # as any close, plain or async
        await asyncio.sleep(0)
        super().close(cx)


RESOURCES = """
version: 1
side_inputs: [kind, phase]
side_outputs: [first, second]
nodes:
  first: {calculator: %s, side_inputs: {kind: kind, phase: phase}, side_outputs: {thing: first}}
  second: {calculator: %s, side_inputs: {kind: kind, phase: phase}, side_outputs: {thing: second}}
"""


@pytest.mark.parametrize("calculator", [ResourceCalculator, AsyncResourceCalculator])
def test_a_node_without_streams_that_raises_such_a_thing_in_open_is_named(
    calculator: type[Calculator],
) -> None:
    graph = graph_of(RESOURCES % (calculator.__name__, calculator.__name__), calculator)
    for kind in EVERY:
        with pytest.raises(RunError, match="<text>:6: node 'first' .* failed in open: ") as raised:
            asyncio.run(graph.open({"kind": kind, "phase": "open"}))
        assert (raised.value.node, raised.value.place) == ("first", "<text>:6")


@pytest.mark.parametrize("calculator", [ResourceCalculator, AsyncResourceCalculator])
def test_one_that_does_in_close_is_in_the_log_and_the_others_close(
    calculator: type[Calculator], caplog: pytest.LogCaptureFixture
) -> None:
    graph = graph_of(RESOURCES % (calculator.__name__, calculator.__name__), calculator)

    async def scenario() -> None:
        for kind in EVERY:
            caplog.clear()
            await graph.open({"kind": kind, "phase": "close"})
            await graph.close()
            assert [record.getMessage().partition(" at timestamp")[0] for record in caplog.records] == [
                "graph 'text': node 'second' failed in close",
                "graph 'text': node 'first' failed in close",
            ]

    asyncio.run(scenario())


class WaitingResourceCalculator(Calculator):
    thing = SideOutput[int]()

    async def open(self, cx: Context) -> None:
        await asyncio.Event().wait()


def test_a_graph_whose_opening_is_cancelled_is_cancelled() -> None:
    text = """
version: 1
side_outputs: [thing]
nodes:
  waiting: {calculator: WaitingResourceCalculator, side_outputs: {thing: thing}}
"""

    async def scenario() -> None:
        opening = asyncio.create_task(graph_of(text, WaitingResourceCalculator).open())
        await asyncio.sleep(0)
        opening.cancel()
        await opening

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


class WaitingCalculator(Calculator):
    log = SideInput[list[str]]()
    number = Input[int]()
    out = Output[int]()

    async def process(self, cx: Context) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cx[self.log].append("cancelled")
            raise

    def close(self, cx: Context) -> None:
        cx[self.log].append("closed")


@pytest.mark.parametrize(
    "more", ["", ", max_in_flight: 2", ", on_error: drop", ", max_in_flight: 2, on_error: drop"]
)
def test_a_run_that_is_cancelled_cancels_its_calls_which_is_no_failure(
    more: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"""
version: 1
inputs: [number]
side_inputs: [log]
outputs: [out]
nodes:
  waiting: {{calculator: WaitingCalculator, inputs: {{number: number}}, outputs: {{out: out}}, side_inputs: {{log: log}}{more}}}
"""
    log: list[str] = []

    async def scenario() -> None:
        graph = graph_of(text, WaitingCalculator)
        await graph.open({"log": log})
        async with graph, graph.run() as run:
            await run.send("number", 1)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            run.cancel()

    with pytest.raises(RunCancelled):
        asyncio.run(scenario())
    assert (log, caplog.records) == (["cancelled", "closed"], [])


def test_a_node_that_fails_while_its_run_is_cancelled_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        graph = graph_with("async")
        await graph.open({"kind": SystemExit, "phase": "close"})
        async with graph:
            run = graph.run()
            reader = run.read("out")
            await run.send("number", 1)
            await anext(reader)
            run.cancel()
            await run.over()  # nobody asks how it ended

    asyncio.run(scenario())
    (record,) = caplog.records
    assert (
        "run 1: node 'bad' failed in close at timestamp DONE (<text>:8): SystemExit(" in record.getMessage()
    )


def test_what_every_call_side_by_side_raises_is_in_the_log_the_first_one_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> RunError:
        graph = graph_with("threads")
        await graph.open({"kind": None, "phase": ""})
        async with graph:
            return await failure_of(graph, "process", EndOfEverything)

    assert asyncio.run(scenario()).timestamp == 0
    told = [record.getMessage().partition(" (")[0] for record in caplog.records]
    assert told[0] == "graph 'text', run 1: node 'bad' failed in process at timestamp 0"
    assert len(told) == len(set(told)) > 1


class UncleanCalculator(Calculator):
    out = Output[int](streaming=True)

    def process(self, cx: Context) -> Iterator[None]:
        try:
            while True:
                cx.send(self.out, 1)
                yield
        finally:
            raise SystemExit("no clean end")


def test_a_generator_that_raises_when_it_is_ended_is_named() -> None:
    text = """
version: 1
outputs: [out]
nodes:
  bad: {calculator: UncleanCalculator, outputs: {out: out}}
"""

    async def scenario() -> None:
        async with asyncio.timeout(10), graph_of(text, UncleanCalculator) as graph, graph.run() as run:
            async for _ in run.read("out"):
                run.close_sources()

    with pytest.raises(RunError, match="<text>:5: node 'bad' .* SystemExit: no clean end"):
        asyncio.run(scenario())


PRESSED_KEY = """
import asyncio, signal

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError
from ovpipe.ports import Input
from tests.runtime.texts import graph_of


class PressingCalculator(Calculator):
    number = Input[int]()

    def process(self, cx: Context) -> None:
        signal.raise_signal(signal.SIGINT)


TEXT = "version: 1\\ninputs: [number]\\nnodes: {bad: {calculator: PressingCalculator, inputs: {number: number}}}"


async def scenario() -> None:
    async with graph_of(TEXT, PressingCalculator) as graph:
        run = graph.run()
        await run.send("number", 1)
        await run.over()
        try:
            run.raise_failure()
        except RunError as error:
            print(error)
        await asyncio.Event().wait()


signal.signal(signal.SIGINT, signal.default_int_handler)  # which a process in the background may not have
loop = asyncio.new_event_loop()
main = loop.create_task(scenario())
try:
    loop.run_until_complete(main)
except KeyboardInterrupt:
    print("the loop has ended")
main.cancel()
try:
    loop.run_until_complete(main)
except asyncio.CancelledError:
    print("and let go of what ran")
"""


def test_ctrl_c_in_a_calculator_fails_the_run_and_ends_an_event_loop_that_has_no_handler_of_it() -> None:
    """Python's own handler raises KeyboardInterrupt in whatever runs, here a node."""
    done = subprocess.run(
        [sys.executable, "-c", PRESSED_KEY], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "the loop has ended" in done.stdout
    assert "and let go of what ran" in done.stdout
    assert "node 'bad'" in done.stdout + done.stderr
    assert "KeyboardInterrupt" in done.stdout + done.stderr
