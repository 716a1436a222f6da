"""Metrics: what one server counts, and the page that shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from ovpipe.serving.metrics.generation import GenerationMetrics
from ovpipe.serving.metrics.nodes import NodeMetricsCollector
from ovpipe.serving.metrics.side_packets import SidePacketMetrics
from ovpipe.serving.metrics.vllm import VllmMetrics
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.requests.record import RequestRecord

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
        self._refused = Counter(
            "ovpipe_requests_refused",
            "Requests whose answer is an error, by its code.",
            ("model", "endpoint", "reason"),
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
        self._refused_count = lru_cache(MOST_CACHED)(self._refused.labels)
        self._generation = {model.name: GenerationMetrics() for model in repository}
        self._registry.register(VllmMetrics(repository, self._generation))
        self._registry.register(SidePacketMetrics(repository))
        self._registry.register(NodeMetricsCollector(repository))

    @contextmanager
    def request(self, record: RequestRecord) -> Iterator[None]:
        """Counts one request by what is in its record at the end."""
        in_flight = self._requests_now(record.endpoint)
        in_flight.inc()
        try:
            yield
        finally:
            in_flight.dec()
            self._request_seconds(record.model, record.endpoint).observe(time.perf_counter() - record.began)
            self._request_count(record.model, record.endpoint, str(record.status)).inc()
            if record.reason is not None:
                self._refused_count(record.model, record.endpoint, record.reason).inc()
            record.end()

    def refuse(self, endpoint: str, reason: str) -> None:
        """Counts a request that did not come in; `endpoint` is empty for a path of no graph."""
        self._refused_count("", endpoint, reason).inc()

    def generation(self, model: str) -> GenerationMetrics:
        """Where the texts of a model are counted; models may be added while the server runs."""
        return self._generation.setdefault(model, GenerationMetrics())

    def add(self, collector: Collector) -> None:
        """Shows what a collector has to say, too."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
