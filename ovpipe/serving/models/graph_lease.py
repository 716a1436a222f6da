"""GraphLease: one request's use of one of a model's graphs."""

from __future__ import annotations

from dataclasses import dataclass

from ovpipe.http import Route
from ovpipe.serving.models.generations import Lease
from ovpipe.serving.models.served_graph import ServedGraph
from ovpipe.serving.models.served_model import ServedModel
from ovpipe.serving.refusals import not_served_by


@dataclass(frozen=True, slots=True)
class GraphLease:
    """The lease of a generation, and the one of its graphs that the request runs on."""

    lease: Lease[ServedModel]
    graph: ServedGraph

    @classmethod
    def of(cls, lease: Lease[ServedModel], route: Route) -> GraphLease:
        """That of the graph which declares the route.

        RequestError 404, and the lease is over, where none does: a reload has changed the model's graphs
        since the route was looked up.
        """
        graph = lease.served.graph_of(route)
        if graph is None:
            lease.release()
            raise not_served_by(lease.served.name, ())
        return cls(lease, graph)
