"""What one generation of a model serves: its graphs, opened together, that share one model's side packets."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ovpipe.http import Route
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import Residence
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.resource import Resource
from ovpipe.serving.models.served_graph import ServedGraph, with_said
from ovpipe.serving.models.shared_graph import SharedGraph
from ovpipe.serving.routes.declared import DeclaredRoute

T = TypeVar("T")

log = logging.getLogger(__name__)


class ServedModel:
    """Graphs under one name, none of which declares a route of another. The first opens first: its side
    packets are the others', too.
    """

    def __init__(self, name: str, graphs: Sequence[ServedGraph], residence: Residence | None = None) -> None:
        self.name = name
        """The model's."""
        self.graphs = tuple(graphs)
        self.residence = residence or Residence()
        givers = dict.fromkeys(one.giver for graph in self.graphs for one in graph.given.values())
        self._resources = [one for one in givers if isinstance(one, Resource)]
        self.resources = frozenset(resource.name for resource in self._resources)
        """The names of the resources whose side packets the graphs take."""
        self._used: list[ServedGraph] = []
        self._packets: Mapping[str, Any] = {}
        self._by_route = {
            (one.route.method, one.route.pattern): graph for graph in self.graphs for one in graph.routes
        }

    @property
    def title(self) -> str:
        """What the log calls it."""
        return f"model {self.name}"

    @property
    def routes(self) -> Sequence[DeclaredRoute]:
        """By which requests reach the graphs."""
        return [route for graph in self.graphs for route in graph.routes]

    def graph_of(self, route: Route) -> ServedGraph | None:
        """The graph that declares a route; None when none does."""
        return self._by_route.get((route.method, route.pattern))

    # --- what comes after what

    def is_like(self, other: ServedModel) -> bool:
        """Whether the two would do the same, whatever their models' names."""
        return self.graphs == other.reusing(self).graphs

    def reusing(self, former: ServedModel) -> ServedModel:
        """The same with those graphs of a former one that would do the same: they are open and stay so."""
        kept: dict[SharedGraph, SharedGraph] = {}
        for graph in self.graphs:
            like = next((one for one in former.graphs if one.is_like(graph, kept)), None)
            given = graph.given_by(kept)
            kept[graph] = like or (graph if given == graph.given else graph.again(given))
        return self._of(kept)

    def again(self) -> ServedModel:
        """The same, to be opened once more."""
        fresh: dict[SharedGraph, SharedGraph] = {}
        for graph in self.graphs:
            fresh[graph] = graph.again(graph.given_by(fresh))
        return self._of(fresh)

    def _of(self, graphs: Mapping[SharedGraph, SharedGraph]) -> ServedModel:
        chosen = [one for one in (graphs[graph] for graph in self.graphs) if isinstance(one, ServedGraph)]
        return ServedModel(self.name, chosen, self.residence)

    def rename(self, name: str) -> None:
        """The model has another name from now on."""
        self.name = name
        for graph in self.graphs:
            graph.model = name

    # --- what it holds, and says of itself

    def watch(self, trace: Trace | None, *, node_metrics: bool) -> None:
        """Traces the runs that start from now on, and keeps metrics of their nodes."""
        for graph in self.graphs:
            graph.watch(trace, node_metrics=node_metrics)

    def growth(self, former: ServedModel | None) -> int:
        """The bytes that opening it will take, with its resources that are not open.

        `former` is the generation before.
        """
        before = () if former is None else former.graphs
        own = [
            graph.growth(before[index] if index < len(before) else None)
            for index, graph in enumerate(self.graphs)
        ]
        return sum(own) + sum(one.needed() for one in self._resources if not one.is_open)

    def side_packets(self) -> Mapping[str, Any]:
        """All side packets, once all graphs are open; each request asks for them.

        One of a name that an earlier graph has is `graph.name`.
        """
        return self._packets

    def own_side_packets(self) -> Mapping[str, Any]:
        """Those of them that are not shared with other models."""
        return _together((graph, graph.own_side_packets()) for graph in self.graphs)

    def capabilities(self) -> Mapping[str, Any]:
        """What it can do: the patterns of its routes, and what its graphs' nodes say while they are open."""
        found: dict[str, Any] = {}
        for graph in self.graphs:
            found = with_said(found, graph.capabilities())
        return {"endpoints": list(dict.fromkeys(one.route.pattern for one in self.routes)), **found}

    def variants(self) -> list[str]:
        """What it can be asked for as `model:variant`: what its side packets' methods `variants()` give."""
        return [str(variant) for found in self._said(list, "variants") for variant in found]

    def holds(self, id: str) -> bool:
        """Whether it keeps the thing of this id: whether a side packet's method `holds(id)` says so."""
        return any(self._said(bool, "holds", id))

    def _said(self, kind: Callable[[Any], T], method: str, *arguments: str) -> Iterator[T]:
        """What the method of each side packet that has it gives, made one of a kind."""
        for name, packet in self.side_packets().items():
            call = getattr(packet, method, None)
            if callable(call):
                try:
                    yield kind(call(*arguments))
                except Exception:  # a side packet's fault must not cost the requests for the model itself
                    log.exception("%s() of side packet %r of %s failed", method, name, self.title)

    # --- life

    async def open(self, listener: LoadListener) -> str:
        """Opens the graphs that are not open. Returns "", or why one could not be opened.

        What it has opened by then closes again, also when this is cancelled.
        """
        try:
            reason = await self._open(listener)
        except BaseException as error:
            await self.release()
            if not isinstance(error, Exception):
                raise
            log.exception("%s failed to load", self.title)  # a fault of ours makes it fail alone, too
            return f"{type(error).__name__}: {error}"
        if reason:
            await self.release()
        return reason

    async def _open(self, listener: LoadListener) -> str:
        began = time.monotonic()
        reason = await self._use_graphs(listener)
        if reason:
            listener.failed(self.title, reason)
        else:
            self._packets = _together((graph, graph.side_packets) for graph in self.graphs)
            listener.available(self.title, time.monotonic() - began)
        return reason

    async def _use_graphs(self, listener: LoadListener) -> str:
        for graph in self.graphs:
            reason = await graph.use(listener)
            self._used.append(graph)
            if reason:
                return reason if len(self.graphs) == 1 else f"{graph.role}: {reason}"
        return ""

    async def release(self, seconds: float | None = None) -> None:
        """It serves no more: the graphs close that no other generation uses, each within this time, half of
        it for what is left of its runs. Resources that nothing else uses close, too.
        """
        self._packets = {}
        while self._used:
            graph = self._used.pop()
            try:
                async with asyncio.timeout(seconds):
                    await graph.release((seconds or 0.0) / 2)
            except TimeoutError:
                log.warning("%s did not close within %g s; it is left behind", self.title, seconds)

    async def close(self, run_seconds: float) -> None:
        """Closes the graphs, whoever uses them, and waits no longer than this for what is left of their runs.

        Resources stay open: others may use them.
        """
        self._packets = {}
        first, *others = self.graphs
        share = run_seconds / 2 if others else run_seconds
        async with asyncio.TaskGroup() as closing:
            for graph in others:
                closing.create_task(graph.close(share))
        await first.close(share)


def _together(each: Iterable[tuple[ServedGraph, Mapping[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for graph, packets in each:
        for name, packet in packets.items():
            if name not in found:
                found[name] = packet
            elif found[name] is not packet:
                found[f"{graph.name}.{name}"] = packet
    return found
