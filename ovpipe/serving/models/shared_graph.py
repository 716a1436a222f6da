"""A graph with users: it opens for the first, closes after the last, and may give others its side packets."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from ovpipe.graph.plan import Plan
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.models.file_stamps import FileStamps
from ovpipe.serving.models.memory import held_by, size_of_files
from ovpipe.serving.models.opening import LoadListener, open_graph

log = logging.getLogger(__name__)


class SharedGraph(ABC):
    """One graph and its users, with the side packets that it takes of other graphs, whose user it is.

    `reason` says why when it could not be opened; it is for operators' eyes.
    """

    def __init__(
        self,
        plan: Plan,
        given: Mapping[str, SharedPacket] = MappingProxyType({}),
        files: FileStamps = MappingProxyType({}),
    ) -> None:
        """`given` are side packets of other graphs, by their names in this one. `files` are those that its
        parameters name.
        """
        self.plan = plan
        self.given = dict(given)
        self.files = files
        self.graph = Graph(plan)
        self.reason = ""
        self.users = 0
        self._used: list[SharedGraph] = []
        self._is_open = False
        self._measured = 0
        self._counts_nodes = False
        self._turn = asyncio.Lock()
        """It opens, or it closes."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the log and the listeners of loads call it."""

    @property
    @abstractmethod
    def role(self) -> str:
        """What others say of it whose side packets it gives."""

    @property
    def is_open(self) -> bool:
        """Whether its side packets are there."""
        return self._is_open

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """All side packets of the graph; empty while it is not open."""
        return self.graph.side_packets

    def own_side_packets(self) -> Mapping[str, Any]:
        """The side packets that its own nodes made."""
        return {name: packet for name, packet in self.side_packets.items() if name not in self.given}

    def is_like(self, other: SharedGraph, kept: Mapping[SharedGraph, SharedGraph] | None = None) -> bool:
        """Whether the two would do the same, if each graph of `kept` stands for the one behind it."""
        return (self.plan, self.files, self.given) == (other.plan, other.files, other.given_by(kept or {}))

    def given_by(self, kept: Mapping[SharedGraph, SharedGraph]) -> dict[str, SharedPacket]:
        """What it takes, of the graphs that stand for its givers."""
        return {
            name: SharedPacket(kept.get(one.giver, one.giver), one.name) for name, one in self.given.items()
        }

    def again(self, given: Mapping[str, SharedPacket] | None = None) -> Self:
        """The same, to be opened once more, with side packets of others if any are given."""
        other = copy(self)
        other.given = dict(self.given if given is None else given)
        other.graph = Graph(self.plan)
        other.reason, other.users, other._used = "", 0, []
        other._is_open, other._turn = False, asyncio.Lock()
        other.watch(self.graph.trace, node_metrics=self._counts_nodes)
        return other

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs that start from now on, and keeps metrics of their nodes."""
        self.graph.trace = trace
        self._counts_nodes = node_metrics
        if node_metrics:
            self.graph.count_nodes()

    def held(self) -> int:
        """The bytes that it holds by itself: as measured while it is open, and no less than its files."""
        if not self._is_open:
            return 0
        self._measured = max(self._measured, held_by(self.own_side_packets()))
        return self.needed()

    def needed(self) -> int:
        """The bytes that it holds once it is open."""
        return max(self._measured, size_of_files(self.files))

    async def use(self, listener: LoadListener) -> str:
        """One more uses it, until it calls `release`. Returns "", or why it could not be opened."""
        self.users += 1
        try:
            async with self._turn:
                if not self._is_open and not self.reason:
                    self.reason = await self._open(listener)
                    self._is_open = not self.reason
        except BaseException:
            await self.release()
            raise
        return self.reason

    async def release(self, run_seconds: float = 0.0) -> None:
        """One uses it no more. After the last it closes, and waits no longer than this for what is left of
        its runs.
        """
        self.users -= 1
        async with self._turn:
            if self.users:  # somebody came while another opened it
                return
            self.reason = ""
            try:
                await self._close(run_seconds)
            finally:
                while self._used:
                    await self._used.pop().release()

    async def close(self, run_seconds: float = 0.0) -> None:
        """Closes the graph, whoever uses it. Those whose side packets it takes stay open."""
        async with self._turn:
            await self._close(run_seconds)

    async def _close(self, run_seconds: float) -> None:
        self._is_open = False
        await self.graph.close(timeout=run_seconds)

    async def _open(self, listener: LoadListener) -> str:
        try:
            return await self._load(listener)
        except Exception as error:  # a fault of ours makes it fail alone, too
            log.exception("%s failed to load", self.title)
            await self.graph.close()
            return f"{type(error).__name__}: {error}"

    async def _load(self, listener: LoadListener) -> str:
        """Opens it after those whose side packets it takes, each of which opens for its first user."""
        reasons = []
        for giver in dict.fromkeys(one.giver for one in self.given.values()):
            reason = await giver.use(listener)
            self._used.append(giver)
            if reason:
                reasons.append(f"{giver.role} failed to load: {reason}")
        if reasons:
            return "; ".join(reasons)
        values = {name: one.value() for name, one in self.given.items()}
        return await open_graph(self.graph, self.title, listener, values)


@dataclass(frozen=True, slots=True)
class SharedPacket:
    """A side packet that one graph gives another."""

    giver: SharedGraph
    name: str
    """The side packet's name in the giver."""

    def value(self) -> Any:
        """The side packet itself; the giver is open."""
        return self.giver.side_packets[self.name]
