"""What /metrics says of admission: who is in, who waits."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.admission.admission import Admission
from ovpipe.serving.models.repository import Repository


class AdmissionMetrics(Collector):
    """Gauges of the server's places and of each model's."""

    def __init__(self, admission: Admission, repository: Repository) -> None:
        self._admission = admission
        self._repository = repository

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
        prompts = GaugeMetricFamily(
            "ovpipe_prompt_tokens_waiting",
            "Tokens of prompts that wait until the engine reads them.",
            labels=["model"],
        )
        for name in sorted({*admission.gates, *(model.name for model in self._repository)}):
            gate = admission.gate(name)
            waiting.add_metric([name], gate.waiting)
            running.add_metric([name], gate.running)
            prompts.add_metric([name], gate.prompts.tokens)
        yield waiting
        yield running
        yield prompts
