"""A resource: a graph without streams, opened once, whose side packets models' graphs share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ovpipe.graph.plan import Plan
from ovpipe.runtime.runs.graph import Graph
from ovpipe.serving.config import ResourceConfig
from ovpipe.serving.models.file_stamps import FileStamps
from ovpipe.serving.models.memory import held_by, size_of_files
from ovpipe.serving.models.opening import LoadListener, open_graph
from ovpipe.serving.models.snapshot import ResourceSnapshot

log = logging.getLogger(__name__)


class Resource:
    """One resource's graph and its users: it opens for the first and closes after the last.

    `reason` says why when it has failed; it is for operators' eyes.
    """

    def __init__(
        self, declaration: ResourceConfig, plan: Plan, files: FileStamps = MappingProxyType({})
    ) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self.title = f"resource {self.name}"
        self.reason = ""
        self.plan = plan
        self.files = files
        self.gives = {one.name: one for one in plan.side_outputs}
        """What its graph names in side_outputs."""
        self.users = 0
        self._graph = Graph(plan)
        self._is_open = False
        self._measured = 0
        self._turn = asyncio.Lock()
        """It opens, or it closes."""

    @property
    def side_packets(self) -> Mapping[str, Any]:
        """All side packets of its graph; empty while it is not open."""
        return self._graph.side_packets

    @property
    def is_open(self) -> bool:
        """Whether its side packets are there."""
        return self._is_open

    def held(self) -> int:
        """The bytes that it holds: as measured while it is open, and no less than its files."""
        if not self._is_open:
            return 0
        self._measured = max(self._measured, held_by(self.side_packets))
        return self.needed()

    def needed(self) -> int:
        """The bytes that it holds once it is open."""
        return max(self._measured, size_of_files(self.files))

    def is_like(self, other: Resource) -> bool:
        """Whether the two would make the same."""
        return (self.plan, self.files) == (other.plan, other.files)

    def snapshot(self) -> ResourceSnapshot:
        """How it is now."""
        return ResourceSnapshot(self.name, self._is_open, self.reason, self.plan.file, self.users)

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

    async def release(self) -> None:
        """One uses it no more."""
        self.users -= 1
        async with self._turn:
            if self.users == 0:  # nobody came while another opened it
                await self._close()

    async def close(self, _: float = 0.0) -> None:
        """Closes the graph, which has no runs, whoever uses it."""
        async with self._turn:
            await self._close()

    async def _close(self) -> None:
        self.reason = ""
        self._is_open = False
        await self._graph.close()

    async def _open(self, listener: LoadListener) -> str:
        try:
            return await open_graph(self._graph, self.title, listener)
        except Exception as error:  # a fault of ours makes it fail alone, too
            log.exception("%s failed to load", self.title)
            await self._graph.close()
            return f"{type(error).__name__}: {error}"


@dataclass(frozen=True, slots=True)
class SharedPacket:
    """A side packet of a resource, for the graph of a model."""

    resource: Resource
    name: str
    """The side packet's name in the resource's graph."""

    def value(self) -> Any:
        """The side packet itself; the resource is open."""
        return self.resource.side_packets[self.name]
