"""What a person meets who tries ovpipe in Python's shell."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import ovpipe
from ovpipe import Calculator, Context, Graph, Input, Output, PortError, Registry, RunError
from ovpipe.graph import load_graph_text
from ovpipe.testing import CalculatorRunner

GRAPH = "version: 1\ninputs: [text]\noutputs: [out]\nnodes: {only: {calculator: Echo, inputs: {text: text}, outputs: {out: out}}}"


class Echo(Calculator):
    text = Input[str]()
    out = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.out, cx[self.text])


def test_the_names_are_listed() -> None:
    assert set(ovpipe.__all__) <= set(dir(ovpipe))
    assert all(hasattr(ovpipe, name) for name in dir(ovpipe))


def test_graphs_and_runs_say_what_they_are() -> None:
    async def shown() -> list[str]:
        graph = Graph(load_graph_text(GRAPH, file="echo.yaml", registry=Registry.of(Echo)))
        found = [repr(graph)]
        async with graph:
            run = graph.run(id="7")
            found.append(repr(run))
            await run.send("text", "a")
            found += [repr(run), repr(graph)]
            run.close_inputs()
            await run.wait()
            found.append(repr(run))
        return found

    assert asyncio.run(shown()) == [
        "<Graph echo (text) -> (out), 1 nodes, closed>",
        "<Run 7 of graph echo, new>",
        "<Run 7 of graph echo, running>",
        "<Graph echo (text) -> (out), 1 nodes, open, 1 runs>",
        "<Run 7 of graph echo, over>",
    ]


class ByNameCalculator(Echo):
    """Uses a port by its name."""

    def __init__(self, how: str) -> None:
        self.how = how

    def process(self, cx: Context) -> None:
        if self.how == "send":
            cx.send("out", "a")  # type: ignore[arg-type]  # that is the mistake
        elif self.how == "misspelt":
            cx.send("ot", "a")  # type: ignore[arg-type]  # that is the mistake
        else:
            cx["text"]  # type: ignore[call-overload]  # that is the mistake


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("send", "an output is the port itself, not its name 'out'; write cx.send(self.out, ...)"),
        ("misspelt", "an output is the port itself, not its name 'ot'; did you mean 'out'?"),
        ("read", "an input is the port itself, not its name 'text'; write cx[self.text]"),
    ],
)
def test_a_name_in_the_place_of_a_port_is_told(how: str, message: str) -> None:
    with pytest.raises(RunError) as caught:
        CalculatorRunner(ByNameCalculator(how)).run(text=["a"])
    assert isinstance(caught.value.__cause__, PortError)
    assert message in str(caught.value)


class ForgetfulCalculator(Calculator):
    """Sends a coroutine where its result was meant."""

    text = Input[str]()
    out = Output[str]()

    async def fetch(self, text: str) -> str:
        return text

    async def process(self, cx: Context) -> None:
        cx.send(self.out, self.fetch(cx[self.text]))  # type: ignore[misc]  # that is the mistake


def test_a_missing_await_is_told() -> None:
    with pytest.raises(
        TypeError,
        match="ForgetfulCalculator.out was sent <coroutine .* which nobody has awaited; write `await`",
    ):
        CalculatorRunner(ForgetfulCalculator()).run(text=["a"])


@pytest.mark.slow
def test_the_package_is_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ovpipe", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("ovpipe ")
