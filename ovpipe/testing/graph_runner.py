"""GraphRunner: a whole graph, with some of its nodes replaced, run with no server and no model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.errors import NotFoundError, did_you_mean
from ovpipe.graph.extending import put_together
from ovpipe.graph.files import find_graph, project_folder, read_text
from ovpipe.graph.load import load_graph_text
from ovpipe.graph.outside import OutsidePacket, with_outside
from ovpipe.graph.place import Findings
from ovpipe.graph.plan import Plan
from ovpipe.graph.source import read_source
from ovpipe.packet import Packet
from ovpipe.ports import PortSet
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing.feeding import feed, in_order
from ovpipe.testing.virtual_clock import VirtualClockLoop

WIRING = ("inputs", "outputs", "side_inputs", "side_outputs")


class Streams(Mapping[str, list[Any]]):
    """What ran through a graph: the values of each stream by its name, in order."""

    def __init__(self, packets: Mapping[str, list[Packet[Any]]]) -> None:
        self._packets = packets

    def packets(self, stream: str) -> list[Packet[Any]]:
        """The packets of a stream, with their timestamps."""
        if stream not in self._packets:
            raise NotFoundError(f"the graph has no stream {stream!r}; {did_you_mean(stream, self._packets)}")
        return self._packets[stream]

    def __getitem__(self, stream: str) -> list[Any]:
        return [packet.value for packet in self.packets(stream)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packets)

    def __len__(self) -> int:
        return len(self._packets)


class GraphRunner:
    """Runs a graph's file, or a shipped graph by its name.

        runner = GraphRunner("chat", replace={"continuous_batching": FakeModel}, side_packets=...)
        out = runner.run(http_request=[request])["kept"]

    `replace` has a calculator for some nodes, by their names: a class, or an instance, which the runs share.
    It takes the old node's wires to the ports that it has. As with `replace` in a graph file, parameters that
    only replaced nodes refer to are gone. `side_packets` are given from outside, in the place of the nodes
    that would make them. Calculators are those of `registry`, by default all installed ones and those of the
    graph's project. With a `virtual_clock` no time passes where nodes wait for it.
    """

    def __init__(
        self,
        graph: str | Path,
        *,
        replace: Mapping[str, Calculator | type[Calculator]] | None = None,
        side_packets: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        registry: Registry | None = None,
        virtual_clock: bool = False,
    ) -> None:
        """Raises GraphError with all mistakes of the graph with these nodes, NotFoundError for no graph."""
        self._file = find_graph(str(graph), Path())
        self._registry = registry.copy() if registry is not None else _registry_of(self._file)
        self._replace = dict(replace or {})
        self._side_packets = dict(side_packets or {})
        self._virtual_clock = virtual_clock
        self.plan = self._plan(parameters or {})
        """The checked graph."""

    def run(self, **inputs: Any) -> Streams:
        """Feeds the graph's inputs in the order of timestamps, closes them, and waits for the end.

        Each input is given a list of values, at 0, 1, 2, ..., or of Packets; a Bound among them says what
        does not come any more. The failure of a node arrives as RunError.
        """
        factory = VirtualClockLoop if self._virtual_clock else None
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(self.arun(**inputs))

    async def arun(self, **inputs: Any) -> Streams:
        """`run` for tests that have an event loop of their own."""
        for name in inputs:
            if name not in self.plan.inputs:
                remedy = did_you_mean(name, self.plan.inputs)
                raise NotFoundError(f"graph {self.plan.name!r} has no input {name!r}; {remedy}")
        build = {
            name: partial(_same, one) for name, one in self._replace.items() if isinstance(one, Calculator)
        }
        graph = Graph(self.plan, build=build, side_packets=self._side_packets)
        packets: dict[str, list[Packet[Any]]] = {stream.name: [] for stream in self.plan.streams}
        graph.check_types = True
        async with graph, graph.run() as run:
            for name, sent in packets.items():
                run.observe(name, sent.append)
            await feed(run, in_order(inputs))
        return Streams(packets)

    def _plan(self, parameters: Mapping[str, Any]) -> Plan:
        known = self._nodes()
        text: dict[str, Any] = {"version": 1, "name": self._file.stem, "extends": str(self._file.absolute())}
        for name, replacement in self._replace.items():
            if name not in known:
                raise NotFoundError(
                    f"graph {self._file.stem!r} has no node {name!r} of its own; {did_you_mean(name, known)}"
                )
            cls = replacement if isinstance(replacement, type) else _ready(type(replacement))
            alias = f"{cls.__name__} in the place of {name}"
            self._registry.add(cls, alias)
            wires = _wires(known[name], cls.ports)
            text.setdefault("replace", {})[name] = {"calculator": alias, **wires}
        plan = load_graph_text(
            json.dumps(text, indent=1),
            file=f"<GraphRunner of {self._file.name}>",
            registry=self._registry,
            parameters=parameters,
            outside={name: OutsidePacket() for name in self._side_packets},
        )
        with_outside(plan, self._side_packets)  # of wrong types
        return plan

    def _nodes(self) -> dict[str, Any]:
        source = read_source(read_text(self._file), str(self._file))
        if not isinstance(source.value, dict):
            return {}
        found, _ = put_together(source, self._file.parent, self._file, self._registry, Findings())
        nodes: dict[str, Any] = found.value.get("nodes", {})
        return nodes


def _same(calculator: Calculator) -> Calculator:
    return calculator


def _registry_of(file: Path) -> Registry:
    registry = Registry.installed()
    folder = project_folder(file)
    if folder is not None:
        registry.collect_folder(folder)
    return registry


def _ready(cls: type[Calculator]) -> type[Calculator]:
    """A class like that of an instance, which needs no options: there is the instance."""
    return type(cls.__name__, (cls,), {"__init__": object.__init__, "__module__": cls.__module__})


def _wires(node: Mapping[str, Any], ports: PortSet) -> dict[str, Any]:
    """A node's wires to the ports that a calculator has."""
    known = {
        "inputs": {*ports.inputs, *ports.repeated_inputs},
        "outputs": {*ports.outputs, *ports.repeated_outputs},
        "side_inputs": {*ports.side_inputs},
        "side_outputs": {*ports.side_outputs},
    }
    return {
        key: {port: wire for port, wire in node.get(key, {}).items() if port in known[key]} for key in WIRING
    }
