"""One packet in, everything out; and the blocking form, for scripts and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import NotFoundError, RunCancelled, RunError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime import Graph
from tests.runtime.plans import node, plan


class SpellCalculator(Calculator):
    word = Input[str]()
    letter = Output[str](streaming=True)

    async def process(self, cx: Context) -> None:
        for letter in cx[self.word]:
            await asyncio.sleep(0)
            cx.send(self.letter, letter)


class SuffixCalculator(Calculator):
    text = Input[str]()
    suffix = SideInput[str]()
    long = Output[str]()

    def process(self, cx: Context) -> None:
        if cx[self.text] == "!":
            raise ValueError("no shouting")
        cx.send(self.long, cx[self.text] + cx[self.suffix])


GRAPH = plan(
    node("spell", SpellCalculator, {"word": "word"}, {"letter": "letter"}),
    node("suffix", SuffixCalculator, {"text": "letter"}, {"long": "long"}, side={"suffix": "suffix"}),
    inputs=("word",),
)


def test_process_takes_one_packet_and_gives_everything_that_comes_out() -> None:
    async def scenario() -> dict[str, list[str]]:
        graph = Graph(GRAPH)
        await graph.open({"suffix": "."})
        async with graph:
            return await graph.process(word="hi")
        raise AssertionError

    assert asyncio.run(scenario()) == {"letter": ["h", "i"], "long": ["h.", "i."]}


def test_a_blocking_graph_processes_without_an_event_loop() -> None:
    with Graph(GRAPH).blocking({"suffix": "-"}) as graph:
        assert graph.process(word="ab")["long"] == ["a-", "b-"]
        assert graph.process(word="c")["long"] == ["c-"]


def test_a_blocking_run_sends_reads_and_ends() -> None:
    with Graph(GRAPH).blocking({"suffix": "-"}) as graph, graph.run() as run:
        reader = run.read("long")
        run.send("word", "ab")
        assert next(reader).value == "a-"
        run.send("word", "c", at=10)
        run.close_inputs()
        assert [(int(packet.timestamp), packet.value) for packet in reader] == [(1, "b-"), (10, "c-")]
        run.wait()


def test_a_blocking_run_raises_its_error_and_can_be_cancelled() -> None:
    with Graph(GRAPH).blocking({"suffix": "-"}) as graph:
        with pytest.raises(RunError, match="no shouting"):
            graph.process(word="!")
        run = graph.run()
        run.send("word", "ab")
        run.cancel()
        with pytest.raises(RunCancelled):
            run.wait()


def test_a_blocking_graph_that_cannot_open_says_why() -> None:
    with pytest.raises(NotFoundError, match="suffix"), Graph(GRAPH).blocking():
        pass


def test_a_blocking_run_of_a_source_ends_by_itself() -> None:
    class CountCalculator(Calculator):
        number = Output[int]()

        def process(self, cx: Context) -> Iterator[None]:
            for number in range(3):
                cx.send(self.number, number, at=number)
                yield

    with Graph(plan(node("count", CountCalculator, outputs={"number": "number"}))).blocking() as graph:
        assert graph.process() == {"number": [0, 1, 2]}
