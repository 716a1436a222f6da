"""Requests as spans of OpenTelemetry, by its conventions for generative AI. Needs the extra `otel`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ovpipe.serving.requests.record import RequestRecord
from ovpipe.serving.telemetry.node_spans import NodeSpans

log = logging.getLogger(__name__)

TRACES: Final = "/v1/traces"
CLOSE_SECONDS: Final = 5.0
"""How long the end of a server waits for the last spans to be sent."""
OPERATIONS: Final = {
    "/chat/completions": "chat",
    "/completions": "text_completion",
    "/responses": "chat",
    "/messages": "chat",
    "/embeddings": "embeddings",
}
"""gen_ai.operation.name, by route."""


class OtelTracer:
    """Implements `RequestTracer`. Spans are sent in batches, by a thread; what cannot be sent is dropped."""

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource({"service.name": "ovpipe", "service.version": version("ovpipe")})
        self._provider = TracerProvider(resource=resource.merge(OTELResourceDetector().detect()))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ovpipe", version("ovpipe"))
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to_endpoint(cls, endpoint: str | None) -> OtelTracer:
        """One that sends by OTLP over HTTP; None: to where OpenTelemetry's environment variables say."""
        # What the library logs of each failure, the exporter around it says once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        exporter = OTLPSpanExporter(endpoint=None if endpoint is None else traces_url(endpoint))
        return cls(BatchSpanProcessor(SayOnce(exporter)))

    def begin(self, headers: Mapping[str, str]) -> OtelSpan:
        """See `RequestTracer`."""
        carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        span = self._tracer.start_span("request", self._propagator.extract(carrier), kind=SpanKind.SERVER)
        to_epoch = time.time_ns() - time.perf_counter_ns()
        listener = NodeSpans(self._tracer, span, to_epoch) if span.is_recording() else None
        return OtelSpan(span, listener)

    def close(self) -> None:
        """Sends what is left, for a bounded time."""
        closing = threading.Thread(target=self._provider.shutdown, name="end of traces", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


class OtelSpan:
    """Implements `RequestSpan`."""

    def __init__(self, span: Span, listener: NodeSpans | None) -> None:
        self._span = span
        self.listener = listener
        self.trace_id = format_trace_id(span.get_span_context().trace_id)

    def end(self, record: RequestRecord, method: str, path: str) -> None:
        """See `RequestSpan`."""
        span = self._span
        if span.is_recording():
            span.update_name(name_of(record, method))
            span.set_attributes({**http_attributes(record, method, path), **model_attributes(record)})
            if record.status >= 500:
                span.set_status(Status(StatusCode.ERROR, record.reason))
        span.end()


def name_of(record: RequestRecord, method: str) -> str:
    """The span's name: the operation and the model, or the method and the route."""
    operation = OPERATIONS.get(record.endpoint)
    if operation is not None and record.model:
        return f"{operation} {record.model}"
    return f"{method} {record.endpoint}".strip()


def http_attributes(record: RequestRecord, method: str, path: str) -> dict[str, Any]:
    """What the conventions for HTTP servers say of a request."""
    attributes: dict[str, Any] = {
        "http.request.method": method,
        "http.response.status_code": record.status,
        "url.path": path,
        "gen_ai.request.id": record.id,  # vLLM's name
    }
    if record.endpoint:
        attributes["http.route"] = record.endpoint
    if record.reason is not None:
        attributes["error.type"] = record.reason
    return attributes


def model_attributes(record: RequestRecord) -> dict[str, Any]:
    """What the conventions for generative AI say of it; the latencies have vLLM's names."""
    if not record.model:
        return {}
    attributes: dict[str, Any] = {"gen_ai.provider.name": "openvino", "gen_ai.request.model": record.model}
    if record.graph:
        attributes["ovpipe.graph"] = record.graph
    if record.endpoint in OPERATIONS:
        attributes["gen_ai.operation.name"] = OPERATIONS[record.endpoint]
    if not record.texts:
        return attributes
    first = record.texts[0]
    attributes |= {
        "gen_ai.response.model": record.model,
        "gen_ai.usage.input_tokens": record.prompt_tokens,
        "gen_ai.usage.output_tokens": record.generated_tokens,
        "gen_ai.request.max_tokens": first.max_tokens,
        "gen_ai.response.finish_reasons": [text.finish or "error" for text in record.texts],
        "gen_ai.latency.e2e": record.seconds,
    }
    if record.time_to_first_token is not None:
        attributes["gen_ai.latency.time_to_first_token"] = record.time_to_first_token
    if first.begun is not None:
        attributes["gen_ai.latency.time_in_queue"] = first.begun - first.queued
    return attributes


class SayOnce(SpanExporter):
    """Sends spans by another exporter. That this fails is said once, until it succeeds again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Never raises: whatever is wrong with a collector, the server goes on."""
        try:
            result, why = self._exporter.export(spans), "it does not take them"
        except Exception as error:
            result, why = SpanExportResult.FAILURE, repr(error)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            log.warning("traces cannot be sent to the collector and are dropped: %s", why)
        elif self._failing and not failing:
            log.info("traces are sent to the collector again")
        self._failing = failing
        return result

    def shutdown(self) -> None:
        """Ends the other, too."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See `SpanExporter`."""
        return self._exporter.force_flush(timeout_millis)


def traces_url(endpoint: str) -> str:
    """A collector's URL for traces: the path that OTLP has is added where there is none."""
    return endpoint.rstrip("/") + TRACES if urlsplit(endpoint).path in ("", "/") else endpoint
