"""CalculatorRunner: one calculator, run with no server, no graph file and no model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, overload

from ovpipe.calculator import Calculator
from ovpipe.errors import Abandoned, PortError, did_you_mean
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE
from ovpipe.packet import Packet
from ovpipe.ports import Output, Port, RepeatedOutput, SideOutput
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing.single_node_graph import NODE, Elements, SingleNodeGraph
from ovpipe.timestamp import Timestamp, raw_timestamp

T = TypeVar("T")


class Outputs:
    """What a calculator sent: by output port its values in order, by side output its value.

    A repeated output gives a list for each of its streams.
    """

    def __init__(
        self, packets: Mapping[Port[Any], list[Packet[Any]]], elements: Elements, side: Mapping[Any, Any]
    ) -> None:
        self._packets = packets
        self._elements = elements
        self._side = side

    @overload
    def __getitem__(self, port: Output[T]) -> list[T]: ...
    @overload
    def __getitem__(self, port: RepeatedOutput[T]) -> list[list[T]]: ...
    @overload
    def __getitem__(self, port: SideOutput[T]) -> T: ...
    def __getitem__(self, port: Output[T] | RepeatedOutput[T] | SideOutput[T]) -> list[T] | list[list[T]] | T:
        if isinstance(port, SideOutput):
            value: T = self._side[port]
            return value
        if isinstance(port, RepeatedOutput):
            return [[packet.value for packet in sent] for sent in self.packets(port)]
        return [packet.value for packet in self.packets(port)]

    @overload
    def packets(self, port: Output[T]) -> list[Packet[T]]: ...
    @overload
    def packets(self, port: RepeatedOutput[T]) -> list[list[Packet[T]]]: ...
    def packets(self, port: Output[T] | RepeatedOutput[T]) -> list[Packet[T]] | list[list[Packet[T]]]:
        """The packets of an output, with their timestamps."""
        if isinstance(port, RepeatedOutput):
            return [self._packets[element] for element in self._elements[port]]
        return self._packets[port]


class CalculatorRunner:
    """Runs one calculator as the only node of a graph.

        out = CalculatorRunner(UpperCaseCalculator()).run(text=["hi", "you"])
        assert out[UpperCaseCalculator.upper] == ["HI", "YOU"]

    Inputs are keyword arguments, each an iterable of values, which get the timestamps 0, 1, 2 ..., or of
    Packets with timestamps of their own. A repeated input takes a list of such iterables, one for each
    stream; `repeated` says how many streams a repeated output has, by default as many as the first repeated
    input, or one. Side inputs are keyword arguments too, each a single value. An optional input that is
    not given is not wired. An exception of the calculator arrives as RunError, with the original as its
    `__cause__`.
    """

    def __init__(
        self,
        calculator: Calculator,
        *,
        repeated: Mapping[str, int] | None = None,
        max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE,
    ) -> None:
        self.calculator = calculator
        self.repeated = dict(repeated or {})
        known = calculator.ports.repeated_outputs
        for name in self.repeated:
            if name not in known:
                message = f"{type(calculator).__name__} has no repeated output {name!r}"
                raise PortError(f"{message}: {did_you_mean(name, known)}")
        self.max_queue_size = max_queue_size

    def run(self, **inputs: Any) -> Outputs:
        """Feeds the inputs in the order of their timestamps, closes them, and waits for the end."""
        return asyncio.run(self.arun(**inputs))

    async def arun(self, **inputs: Any) -> Outputs:
        """`run` for tests that have an event loop of their own."""
        ports = self.calculator.ports
        known = [*ports.inputs, *ports.repeated_inputs, *ports.side_inputs]
        unknown = [name for name in inputs if name not in known]
        if unknown:
            raise PortError(
                f"{type(self.calculator).__name__} has no input {unknown[0]!r}: "
                f"{did_you_mean(unknown[0], known)}"
            )
        side = {name: inputs[name] for name in ports.side_inputs if name in inputs}
        missing = [name for name, port in ports.side_inputs.items() if name not in side and not port.optional]
        if missing:
            raise PortError(f"{type(self.calculator).__name__} needs side inputs: {', '.join(missing)}")
        lone = SingleNodeGraph.of(type(self.calculator), inputs, self.repeated)
        graph = Graph(lone.plan(side, self.max_queue_size), build={NODE: lambda: self.calculator})
        await graph.open(side)
        try:
            made = {port: graph.side_packets[name] for name, port in ports.side_outputs.items()}
            packets: dict[Port[Any], list[Packet[Any]]] = {port: [] for port in lone.outputs}
            if ports.has_streams:
                async with graph.run() as run:
                    for port, sent in packets.items():
                        run.observe(port.name, sent.append)
                    for packet, name in _in_order({port.name: fed for port, fed in lone.inputs.items()}):
                        with suppress(Abandoned):  # it said done: the rest of this input is not for it
                            await run.send(name, packet.value, at=packet.timestamp)
        finally:
            await graph.close()
        for port, sent in packets.items():
            _check_types(port, sent)
        return Outputs(packets, lone.elements, made)


def _in_order(inputs: Mapping[str, Iterable[Any]]) -> list[tuple[Packet[Any], str]]:
    """All packets of all inputs by timestamp; plain values count up from 0."""
    packets = [
        (_packet(value, index, name), name)
        for name, values in inputs.items()
        for index, value in enumerate(values)
    ]
    return sorted(packets, key=lambda entry: entry[0].timestamp)


def _packet(value: Any, index: int, name: str) -> Packet[Any]:
    """A packet as it is, if its timestamp is one, which Python does not check; a plain value at its place."""
    if not isinstance(value, Packet):
        return Packet(value, Timestamp(index))
    return Packet(value.value, Timestamp.of_raw(raw_timestamp(value.timestamp, f"input {name!r}")))


def _check_types(port: Port[Any], packets: Iterable[Packet[Any]]) -> None:
    """Raises TypeError for a value that is not of its port's type, where that is a plain class."""
    for packet in packets:
        if port.type is not Any and isinstance(port.type, type) and not isinstance(packet.value, port.type):
            raise TypeError(
                f"{port} is declared as {port.type.__name__}, but {type(packet.value).__name__} was sent "
                f"at {packet.timestamp}: {packet.value!r}"
            )
