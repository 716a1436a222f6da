"""What a span says of a request, and an exporter that fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from ovpipe.serving.metrics.generation import GenerationMetrics
from ovpipe.serving.requests.record import RequestRecord
from ovpipe.serving.telemetry.otel import OtelTracer, SayOnce


def record(status: int, *, model: str = "m", reason: str | None = None) -> RequestRecord:
    made = RequestRecord("an-id")
    made.endpoint, made.model, made.status, made.reason = "/completions", model, status, reason
    made.generation = GenerationMetrics()
    made.graph = "chat"
    return made


def span_of(request: RequestRecord) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    tracer = OtelTracer(SimpleSpanProcessor(exporter))
    tracer.begin({}).end(request, "POST", "/v1/completions")
    (span,) = exporter.get_finished_spans()
    return span


def test_a_request_s_texts_are_in_its_span() -> None:
    request = record(200)
    for tokens in (3, 2):
        text = request.text(0, 7, 9)
        text.tokens(tokens, 4)
        text.ended("length")
    request.end()
    span = span_of(request)
    assert span.name == "text_completion m"
    attributes = dict(span.attributes or {})
    times = [
        attributes.pop(f"gen_ai.latency.{name}") for name in ("e2e", "time_to_first_token", "time_in_queue")
    ]
    assert all(isinstance(value, float) for value in times)
    assert attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/completions",
        "url.path": "/v1/completions",
        "gen_ai.request.id": "an-id",
        "gen_ai.operation.name": "text_completion",
        "gen_ai.provider.name": "openvino",
        "gen_ai.request.model": "m",
        "ovpipe.graph": "chat",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.response.model": "m",
        "gen_ai.response.finish_reasons": ("length", "length"),
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
    }
    assert span.resource.attributes["service.name"] == "ovpipe"


@pytest.mark.parametrize(("status", "code"), [(400, StatusCode.UNSET), (503, StatusCode.ERROR)])
def test_a_refused_request_has_the_reason_and_only_a_fault_of_the_server_is_an_error(
    status: int, code: StatusCode
) -> None:
    span = span_of(record(status, model="", reason="some_code"))
    assert span.name == "POST /completions"
    assert (span.attributes or {})["error.type"] == "some_code"
    assert span.status.status_code is code


class Failing(SpanExporter):
    """Fails, raises or succeeds, as it is told."""

    def __init__(self, *results: SpanExportResult | Exception) -> None:
        self.results = list(results)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_that_spans_cannot_be_sent_is_said_once_until_they_can(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    lost, sent = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = SayOnce(Failing(sent, OSError("no route"), lost, lost, sent, sent, lost))
    for _ in range(7):
        exporter.export([])
    assert [message.split(":")[0] for message in caplog.messages] == [
        "traces cannot be sent to the collector and are dropped",
        "traces are sent to the collector again",
        "traces cannot be sent to the collector and are dropped",
    ]
