"""Graphs written as text, calculators to fill them, and what they send, for tests of runs."""

from __future__ import annotations

from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.load import load_graph_text
from ovpipe.packet import Packet
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from ovpipe.timestamp import Timestamp


class AddOneCalculator(Calculator):
    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        cx.send(self.sum, cx[self.number] + 1)


class PairCalculator(Calculator):
    left = Input[int]()
    right = Input[int]()
    pair = Output[tuple[int | None, int | None]]()

    def process(self, cx: Context) -> None:
        cx.send(self.pair, (cx.get(self.left), cx.get(self.right)))


class FailCalculator(Calculator):
    """Fails at timestamp 2."""

    number = Input[int]()
    sum = Output[int]()

    def process(self, cx: Context) -> None:
        if cx.timestamp == 2:
            raise ValueError("no twos")
        cx.send(self.sum, cx[self.number])


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


CHAIN = """
version: 1
inputs: [number]
outputs: [result]
nodes:
  one: {calculator: AddOneCalculator, inputs: {number: number}, outputs: {sum: between}}
  two: {calculator: AddOneCalculator, inputs: {number: between}, outputs: {sum: result}}
"""


JOIN = """
version: 1
inputs: [left, right]
outputs: [pair]
nodes:
  join: {calculator: PairCalculator, inputs: {left: left, right: right}, outputs: {pair: pair}}
"""


RECORD = """
version: 1
inputs: [number]
outputs: [out]
side_inputs: [log]
nodes:
  record: {calculator: RecordCalculator, inputs: {number: number}, outputs: {out: out}, side_inputs: {log: log}}
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
