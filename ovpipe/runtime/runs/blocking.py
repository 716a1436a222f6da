"""The blocking form of graphs and runs, for scripts and tests without an event loop of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from ovpipe.packet import Packet
from ovpipe.runtime.runs.reader import Reader
from ovpipe.runtime.runs.run import Run
from ovpipe.runtime.watching.snapshot import RunSnapshot


class AsyncGraph(Protocol):
    """What the blocking form needs of a graph."""

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph."""

    async def open(self, side_packets: Mapping[str, Any] | None = None, /) -> None:
        """Opens the nodes without streams."""

    async def close(self) -> None:
        """Closes them."""

    async def process(self, **inputs: Any) -> dict[str, list[Any]]:
        """One packet in on each of these inputs, everything that comes out."""

    def run(self, side_packets: Mapping[str, Any] | None = None, /) -> Run:
        """Starts a run."""


class BlockingGraph:
    """A graph whose calls wait. It has an event loop of its own, which only runs during a call.

    Made by `Graph.blocking`; used as a context manager, which opens and closes the graph.
    """

    def __init__(self, graph: AsyncGraph, side_packets: Mapping[str, Any] | None) -> None:
        self._graph = graph
        self._given = side_packets
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        try:
            self._runner.run(self._graph.open(self._given))
        except BaseException:  # a Ctrl-C during the load, too, leaves no event loop behind
            self._runner.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._graph.close())
        finally:
            self._runner.close()

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """The side packets of the open graph."""
        return self._graph.side_packets

    def process(self, **inputs: Any) -> dict[str, list[Any]]:
        """One packet in on each of these inputs, everything that comes out; see `Graph.process`."""
        return self._runner.run(self._graph.process(**inputs))

    def run(self, side_packets: Mapping[str, Any] | None = None) -> BlockingRun:
        """A run; see `Graph.run`."""

        async def make() -> Run:
            return self._graph.run(side_packets)

        return BlockingRun(self._runner, self._runner.run(make()))


class BlockingRun:
    """A run whose calls wait; see `Run` for what each does."""

    def __init__(self, runner: asyncio.Runner, run: Run) -> None:
        self._runner = runner
        self._run = run
        self.id = run.id
        self.observe = run.observe
        self.observe_errors = run.observe_errors

    def __enter__(self) -> Self:
        self._runner.run(self._run.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._run.__aexit__(kind, error, trace))

    def read(self, stream: str) -> BlockingReader:
        """A reader of a stream's packets; to be called before the run starts."""
        return BlockingReader(self._runner, self._run.read(stream))

    def send(self, stream: str, value: Any, at: int | None = None) -> None:
        """Puts a packet on an input of the graph, and lets the run go as far as it can at once."""
        self._runner.run(self._run.send(stream, value, at))

    def close_inputs(self) -> None:
        """Nothing more comes on any input."""
        self._within(self._run.close_inputs)

    def cancel(self) -> None:
        """Ends the run now."""
        self._within(self._run.cancel)

    def wait(self) -> None:
        """Waits until every calculator has closed; raises RunError or RunCancelled if it came to that."""
        self._runner.run(self._run.wait())

    def snapshot(self) -> RunSnapshot:
        """The run at this moment, as a value."""
        return self._run.snapshot()

    def explain_stall(self) -> str:
        """Which nodes have yet to end, what each waits for, and which node owes it."""
        return self._run.explain_stall()

    def _within(self, call: Any) -> None:
        async def within() -> None:
            call()

        self._runner.run(within())


class BlockingReader:
    """An iterator of a stream's packets; see `Reader`."""

    def __init__(self, runner: asyncio.Runner, reader: Reader) -> None:
        self._runner = runner
        self._reader = reader
        self.take = reader.take
        self.close = reader.close

    def __iter__(self) -> Iterator[Packet[Any]]:
        return self

    def __next__(self) -> Packet[Any]:
        packet = self._runner.run(self._next())
        if packet is None:
            raise StopIteration
        return packet

    async def _next(self) -> Packet[Any] | None:
        return await anext(self._reader, None)
