"""CalculatorRunner: one calculator, run with no server, no graph file and no model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar, overload

from ovpipe.calculator import Calculator
from ovpipe.errors import Abandoned, PortError, did_you_mean
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE, NodePlan, Plan, StreamPlan
from ovpipe.packet import Packet
from ovpipe.ports import Output, SideOutput
from ovpipe.runtime.graph import Graph
from ovpipe.timestamp import Timestamp

T = TypeVar("T")

NODE = "calculator"


class Outputs:
    """What a calculator sent: by output port its values in order, by side output its value."""

    def __init__(self, packets: Mapping[Output[Any], list[Packet[Any]]], side: Mapping[Any, Any]) -> None:
        self._packets = packets
        self._side = side

    @overload
    def __getitem__(self, port: Output[T]) -> list[T]: ...
    @overload
    def __getitem__(self, port: SideOutput[T]) -> T: ...
    def __getitem__(self, port: Output[T] | SideOutput[T]) -> list[T] | T:
        if isinstance(port, SideOutput):
            value: T = self._side[port]
            return value
        return [packet.value for packet in self.packets(port)]

    def packets(self, port: Output[T]) -> list[Packet[T]]:
        """The packets of an output, with their timestamps."""
        return self._packets[port]


class CalculatorRunner:
    """Runs one calculator as the only node of a graph.

        out = CalculatorRunner(UpperCaseCalculator()).run(text=["hi", "you"])
        assert out[UpperCaseCalculator.upper] == ["HI", "YOU"]

    Inputs are keyword arguments, each an iterable of values, which get the timestamps 0, 1, 2 ..., or of
    Packets with timestamps of their own. Side inputs are keyword arguments too, each a single value. An
    exception of the calculator arrives as RunError, with the original as its `__cause__`.
    """

    def __init__(self, calculator: Calculator, *, max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE) -> None:
        self.calculator = calculator
        self.max_queue_size = max_queue_size

    def run(self, **inputs: Any) -> Outputs:
        """Feeds the inputs in the order of their timestamps, closes them, and waits for the end."""
        return asyncio.run(self.arun(**inputs))

    async def arun(self, **inputs: Any) -> Outputs:
        """`run` for tests that have an event loop of their own."""
        ports = self.calculator.ports
        unknown = [name for name in inputs if name not in ports.inputs and name not in ports.side_inputs]
        if unknown:
            known = [*ports.inputs, *ports.side_inputs]
            raise PortError(
                f"{type(self.calculator).__name__} has no input {unknown[0]!r}: "
                f"{did_you_mean(unknown[0], known)}"
            )
        side = {name: inputs[name] for name in ports.side_inputs if name in inputs}
        missing = [name for name, port in ports.side_inputs.items() if name not in side and not port.optional]
        if missing:
            raise PortError(f"{type(self.calculator).__name__} needs side inputs: {', '.join(missing)}")
        graph = Graph(self._plan(side), build={NODE: lambda: self.calculator})
        await graph.open(side)
        try:
            made = {port: graph.side_packets[name] for name, port in ports.side_outputs.items()}
            packets: dict[Output[Any], list[Packet[Any]]] = {port: [] for port in ports.outputs.values()}
            if ports.has_streams:
                async with graph.run() as run:
                    for port, sent in packets.items():
                        run.observe(port.name, sent.append)
                    for packet, name in _in_order(
                        {name: inputs[name] for name in ports.inputs if name in inputs}
                    ):
                        with suppress(Abandoned):  # it said done: the rest of this input is not for it
                            await run.send(name, packet.value, at=packet.timestamp)
        finally:
            await graph.close()
        for port, sent in packets.items():
            _check_types(port, sent)
        return Outputs(packets, made)

    def _plan(self, side: Mapping[str, Any]) -> Plan:
        """A graph of this one calculator; streams and side packets are named like its ports."""
        cls = type(self.calculator)
        ports = cls.ports
        names = [*ports.inputs, *ports.outputs]
        node = NodePlan(
            name=NODE,
            calculator=cls,
            options={},
            inputs=tuple((port, names.index(name)) for name, port in ports.inputs.items()),
            outputs=tuple((port, names.index(name)) for name, port in ports.outputs.items()),
            side_inputs=tuple((ports.side_inputs[name], name) for name in side),
            side_outputs=tuple((port, name) for name, port in ports.side_outputs.items()),
            place=cls.__qualname__,
        )
        return Plan(
            name=cls.__name__,
            file=cls.__module__,
            streams=tuple(
                StreamPlan(name, None if name in ports.inputs else NODE, node.place) for name in names
            ),
            inputs=tuple(ports.inputs),
            outputs=tuple(ports.outputs),
            side_inputs=tuple(side),
            resources=() if ports.has_streams else (node,),
            nodes=(node,) if ports.has_streams else (),
            max_queue_size=self.max_queue_size,
        )


def _in_order(inputs: Mapping[str, Iterable[Any]]) -> list[tuple[Packet[Any], str]]:
    """All packets of all inputs by timestamp; plain values count up from 0."""
    packets = [
        (value if isinstance(value, Packet) else Packet(value, Timestamp(index)), name)
        for name, values in inputs.items()
        for index, value in enumerate(values)
    ]
    return sorted(packets, key=lambda entry: entry[0].timestamp)


def _check_types(port: Output[Any], packets: Iterable[Packet[Any]]) -> None:
    """Raises TypeError for a value that is not of its port's type, where that is a plain class."""
    for packet in packets:
        if isinstance(port.type, type) and not isinstance(packet.value, port.type):
            raise TypeError(
                f"{port} is declared as {port.type.__name__}, but {type(packet.value).__name__} was sent "
                f"at {packet.timestamp}: {packet.value!r}"
            )
