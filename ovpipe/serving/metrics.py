"""The names in /metrics: the front door's own, and those of each open graph's side packets and nodes."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.models.repository import Repository

log = logging.getLogger(__name__)

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

MOST_CACHED = 1024
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self, repository: Repository) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "ovpipe_requests",
            "Requests answered, by status.",
            ("model", "endpoint", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "ovpipe_request_seconds",
            "Time from a request's headers to the last byte of its answer.",
            ("model", "endpoint"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "ovpipe_requests_in_flight", "Requests being served now.", ("endpoint",), registry=self._registry
        )
        # Looking a metric up by its labels costs more than counting; these caches halve a request's share.
        self._request_count = lru_cache(MOST_CACHED)(self._requests.labels)
        self._request_seconds = lru_cache(MOST_CACHED)(self._seconds.labels)
        self._requests_now = lru_cache(MOST_CACHED)(self._in_flight.labels)
        self._registry.register(SidePacketMetrics(repository))
        self._registry.register(NodeMetricsCollector(repository))

    @contextmanager
    def request(self, endpoint: str) -> Iterator[Outcome]:
        """Counts one request; what it came to is set on the Outcome it gives."""
        outcome = Outcome()
        began = time.perf_counter()
        in_flight = self._requests_now(endpoint)
        in_flight.inc()
        try:
            yield outcome
        finally:
            in_flight.dec()
            self._request_seconds(outcome.model, endpoint).observe(time.perf_counter() - began)
            self._request_count(outcome.model, endpoint, outcome.status).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class Outcome:
    """What a request came to: the model's name when there is such a model, and the status."""

    def __init__(self) -> None:
        self.model = ""
        self.status = ""


Values: TypeAlias = Mapping[str, float | Mapping[str, Mapping[str, float]]]
"""Numbers by name, or, by a label of their own, one for each of its values."""


class SidePacketMetrics(Collector):
    """Metrics of whatever side packet of an open graph has `metrics()`, which gives numbers by name.

    Those whose names end in _total are counters; three named _bucket (by the label `le`), _sum and _count
    are a histogram; the others are gauges.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def collect(self) -> Iterable[Metric]:
        """One family a metric, labelled by the model or the resource, and the side packet's name there."""
        families: dict[str, Metric] = {}
        for owner, owner_name, packets in self._repository.side_packets():
            for name, packet in packets.items():
                labels = {owner: owner_name, "side_packet": name}
                values = _metrics_of(f"{owner_name}.{name}", packet)
                for metric, value in values.items():
                    family = _family(metric, values)
                    family = families.setdefault(family.name, family)
                    for own, number in _samples(value):
                        family.add_sample(f"ovpipe_{metric}", {**labels, **own}, number)
        return [family for family in families.values() if family.samples]


class NodeMetricsCollector(Collector):
    """Metrics of the nodes of every open graph that counts them."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def collect(self) -> Iterable[Metric]:
        """One family a metric, labelled by the model and the node."""
        counters = [
            CounterMetricFamily(f"ovpipe_node_{name}", meaning, labels=["model", "node"])
            for name, meaning in NODE_COUNTERS.items()
        ]
        deepest = GaugeMetricFamily(
            "ovpipe_node_deepest_queue", "Most packets at one input so far.", labels=["model", "node"]
        )
        for model in self._repository.available():
            for node, metrics in model.ready_graph().node_metrics().items():
                for name, counter in zip(NODE_COUNTERS, counters, strict=True):
                    counter.add_metric([model.name, node], getattr(metrics, name))
                deepest.add_metric([model.name, node], metrics.deepest_queue)
        return [family for family in (*counters, deepest) if family.samples]


def _family(metric: str, values: Values) -> Metric:
    """What a metric belongs to: a histogram of three, or it alone."""
    name, kind = f"ovpipe_{metric}", "gauge"
    stem, _, part = metric.rpartition("_")
    if f"{stem}_bucket" in values and part in ("bucket", "sum", "count"):
        name, kind = f"ovpipe_{stem}", "histogram"
    elif part == "total":
        name, kind = f"ovpipe_{stem}", "counter"
    return Metric(name, "Of a side packet of a model's or a resource's graph.", kind)


def _samples(value: float | Mapping[str, Mapping[str, float]]) -> Iterator[tuple[dict[str, str], float]]:
    """Numbers with the labels that they have beside the side packet's."""
    if isinstance(value, float):
        yield {}, value
        return
    for label, numbers in value.items():
        for name, number in numbers.items():
            yield {label: name}, number


def _metrics_of(place: str, packet: Any) -> Values:
    metrics = getattr(packet, "metrics", None)
    if not callable(metrics):
        return {}
    try:
        return {str(name): _plain(value) for name, value in metrics().items()}
    except BaseException:  # a side packet's fault must not cost the page of all others, nor the server
        log.exception("the metrics of side packet %r cannot be read", place)
        return {}


def _plain(value: Any) -> float | Mapping[str, Mapping[str, float]]:
    """A metric as it is promised; raises where it is not, so that nothing else can be wrong with it."""
    if not isinstance(value, Mapping):
        return float(value)
    return {
        str(label): {str(name): float(number) for name, number in numbers.items()}
        for label, numbers in value.items()
    }
