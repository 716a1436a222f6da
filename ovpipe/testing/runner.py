"""CalculatorRunner: one calculator, run with no server, no graph file and no model."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar, overload

from ovpipe.calculator import Calculator
from ovpipe.errors import PortError, did_you_mean
from ovpipe.graph.plan import DEFAULT_MAX_QUEUE_SIZE
from ovpipe.packet import Packet
from ovpipe.ports import Output, Port, RepeatedOutput, SideOutput
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.runs.sent_types import check_sent
from ovpipe.testing.changes import Unchanged
from ovpipe.testing.feeding import feed, in_order
from ovpipe.testing.single_node_graph import NODE, Elements, SingleNodeGraph
from ovpipe.testing.virtual_clock import VirtualClockLoop

T = TypeVar("T")


class Outputs:
    """What a calculator sent: by output port its values in order, by side output its value.

    A repeated output gives a list for each of its streams. A port may be given by its name.
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
    @overload
    def __getitem__(self, port: str) -> Any: ...
    def __getitem__(
        self, port: Output[T] | RepeatedOutput[T] | SideOutput[T] | str
    ) -> list[T] | list[list[T]] | T:
        if isinstance(port, str):
            port = self._named(port)
        if isinstance(port, SideOutput):
            value: T = self._side[port]
            return value
        if isinstance(port, RepeatedOutput):
            return [[packet.value for packet in sent] for sent in self.packets(port)]
        return [packet.value for packet in self.packets(port)]

    def _named(self, name: str) -> Output[Any] | RepeatedOutput[Any] | SideOutput[Any]:
        """The port of a name."""
        ports = {port.name: port for port in (*self._packets, *self._elements, *self._side)}
        if name not in ports:
            raise PortError(f"there is no output {name!r}; {did_you_mean(name, ports)}")
        port: Output[Any] | RepeatedOutput[Any] | SideOutput[Any] = ports[name]
        return port

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
    Packets with timestamps of their own; a Bound among them says what does not come any more. A repeated
    input takes a list of such iterables, one for each stream; `repeated` says how many streams a repeated
    output has, by default as many as the first repeated input, or one. Side inputs are keyword arguments too,
    each a single value. An optional input that is not given is not wired. An exception of the calculator
    arrives as RunError, with the original as its `__cause__`. A calculator that changes the value of an input
    fails: all readers of a stream share it.
    """

    def __init__(
        self,
        calculator: Calculator,
        *,
        repeated: Mapping[str, int] | None = None,
        max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE,
        threads: int = 0,
        max_in_flight: int = 1,
        virtual_clock: bool = False,
    ) -> None:
        """With `threads` a plain `process` runs in a pool of so many, as in a graph with `executor`.

        With a `virtual_clock` no time passes where the calculator waits for it: `asyncio.sleep`, timeouts
        and `loop.time()` follow the clock.
        """
        self.calculator = calculator
        self.repeated = dict(repeated or {})
        known = calculator.ports.repeated_outputs
        for name in self.repeated:
            if name not in known:
                message = f"{type(calculator).__name__} has no repeated output {name!r}"
                raise PortError(f"{message}: {did_you_mean(name, known)}")
        self.max_queue_size = max_queue_size
        process = calculator.process
        if threads and (inspect.iscoroutinefunction(process) or inspect.isasyncgenfunction(process)):
            raise PortError(
                f"{type(calculator).__name__}.process is async and runs in no thread; leave out threads"
            )
        self.threads = threads
        self.max_in_flight = max_in_flight
        self.virtual_clock = virtual_clock

    def run(self, **inputs: Any) -> Outputs:
        """Feeds the inputs in the order of their timestamps, closes them, and waits for the end."""
        with asyncio.Runner(loop_factory=VirtualClockLoop if self.virtual_clock else None) as runner:
            return runner.run(self.arun(**inputs))

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
        plan = lone.plan(side, self.max_queue_size, threads=self.threads, max_in_flight=self.max_in_flight)
        graph = Graph(plan, build={NODE: lambda: self.calculator})
        fed = in_order({port.name: values for port, values in lone.inputs.items()})
        unchanged = Unchanged(fed)
        await graph.open(side)
        try:
            made = {port: graph.side_packets[name] for name, port in ports.side_outputs.items()}
            packets: dict[Port[Any], list[Packet[Any]]] = {port: [] for port in lone.outputs}
            if ports.has_streams:
                async with graph.run() as run:
                    for port, sent in packets.items():
                        run.observe(port.name, sent.append)
                    await feed(run, fed)
        finally:
            await graph.close()
        unchanged.check(type(self.calculator).__name__)
        for port, sent in packets.items():
            for packet in sent:
                check_sent(port, packet)
        return Outputs(packets, lone.elements, made)
