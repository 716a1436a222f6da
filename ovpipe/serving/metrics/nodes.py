"""What the nodes of graphs have done, for /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.models.repository import Repository

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
        """One family a metric, labelled by the model, its graph and the node, and by the number of a
        generation that drains.
        """
        counters = [_counter(f"node_{name}", meaning) for name, meaning in NODE_COUNTERS.items()]
        deepest = GaugeMetricFamily("ovpipe_node_deepest_queue", "Most packets at one input so far.")
        blocked = [
            _counter(f"event_loop_blocked{unit}", meaning) for unit, meaning in BLOCKED_COUNTERS.items()
        ]
        for owner, served in self._repository.graphs():
            for node, metrics in served.graph.node_metrics().items():
                labels = {**owner, "graph": served.name, "node": node}
                for name, counter in zip(NODE_COUNTERS, counters, strict=True):
                    counter.add_sample(f"{counter.name}_total", labels, getattr(metrics, name))
                deepest.add_sample(deepest.name, labels, metrics.deepest_queue)
            for node, calls in served.graph.blocked_calls().items():
                labels = {**owner, "graph": served.name, "node": node}
                for counter, number in zip(blocked, (calls.calls, calls.seconds), strict=True):
                    counter.add_sample(f"{counter.name}_total", labels, number)
        families = (*counters, deepest, *blocked)
        return [family for family in families if family.samples]


def _counter(name: str, meaning: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"ovpipe_{name}", meaning)
