"""What /metrics says of admission: who is in, who waits."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.admission.admission import Admission


class AdmissionMetrics(Collector):
    """Gauges of the server's places and of each model's."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def collect(self) -> Iterable[Metric]:
        """The server's first, then those of its models."""
        admission = self._admission
        yield GaugeMetricFamily(
            "ovpipe_connections", "Open connections of clients.", len(admission.connections)
        )
        yield GaugeMetricFamily(
            "ovpipe_body_bytes_held",
            "Bytes of the bodies of requests in progress.",
            admission.body_bytes.taken,
        )
        waiting = GaugeMetricFamily(
            "ovpipe_requests_waiting", "Requests that wait for their turn.", labels=["model"]
        )
        running = GaugeMetricFamily("ovpipe_requests_running", "Requests that have a turn.", labels=["model"])
        for name, gate in admission.gates.items():
            waiting.add_metric([name], gate.waiting)
            running.add_metric([name], gate.running)
        yield waiting
        yield running
