"""What the nodes of graphs have done, for /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.models.repository import Repository

LABELS: Final = ("model", "graph", "node")
NODE_COUNTERS: Mapping[str, str] = MappingProxyType(
    {
        "calls": "Calls of a node's process.",
        "packets": "Packets that a node has processed.",
        "seconds": "Time in a node's process, awaits included.",
        "waits": "How often a node had to wait for room in an output.",
        "waited_seconds": "How long a node waited for room.",
    }
)
"""Those of `NodeMetrics` that only grow."""
BLOCKED_COUNTERS: Mapping[str, str] = MappingProxyType(
    {
        "": "Calls of a node that kept the event loop for too long.",
        "_seconds": "How long they kept it.",
    }
)


class NodeMetricsCollector(Collector):
    """Metrics of the nodes of every open graph: what keeps the event loop, and what those count that do."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def collect(self) -> Iterable[Metric]:
        """One family a metric, labelled by the model, its graph and the node."""
        counters = [
            CounterMetricFamily(f"ovpipe_node_{name}", meaning, labels=LABELS)
            for name, meaning in NODE_COUNTERS.items()
        ]
        deepest = GaugeMetricFamily(
            "ovpipe_node_deepest_queue", "Most packets at one input so far.", labels=LABELS
        )
        blocked, blocked_seconds = (
            CounterMetricFamily(f"ovpipe_event_loop_blocked{unit}", meaning, labels=LABELS)
            for unit, meaning in BLOCKED_COUNTERS.items()
        )
        for model in self._repository.available():
            for served in model.ready().graphs:
                for node, metrics in served.graph.node_metrics().items():
                    labels = [model.name, served.name, node]
                    for name, counter in zip(NODE_COUNTERS, counters, strict=True):
                        counter.add_metric(labels, getattr(metrics, name))
                    deepest.add_metric(labels, metrics.deepest_queue)
                for node, calls in served.graph.blocked_calls().items():
                    blocked.add_metric([model.name, served.name, node], calls.calls)
                    blocked_seconds.add_metric([model.name, served.name, node], calls.seconds)
        families = (*counters, deepest, blocked, blocked_seconds)
        return [family for family in families if family.samples]
