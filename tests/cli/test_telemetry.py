"""Whether requests are traced, by the command line and the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from ovpipe.cli.telemetry import tracing
from ovpipe.errors import OvpipeError
from ovpipe.serving.telemetry.otel import traces_url

SET = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}


def traces(endpoint: str | None, environment: Mapping[str, str]) -> bool:
    with tracing(endpoint, environment) as tracer:
        return tracer is not None


@pytest.mark.parametrize(
    ("endpoint", "environment", "traced"),
    [
        (None, {}, False),
        ("http://127.0.0.1:1", {}, True),
        (None, SET, True),
        (None, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (None, {**SET, "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_requests_are_traced_where_somebody_asks_for_it(
    endpoint: str | None, environment: dict[str, str], traced: bool
) -> None:
    assert traces(endpoint, environment) is traced


@pytest.mark.parametrize("endpoint", ["localhost:4318", "grpc://localhost:4317", "http://", ""])
def test_an_endpoint_that_is_no_url_is_refused(endpoint: str) -> None:
    with pytest.raises(OvpipeError, match=r"one is http://localhost:4318"):
        traces(endpoint, {})


def test_without_the_extra_the_option_is_an_error_and_the_variable_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "ovpipe.serving.telemetry.otel", None)
    with pytest.raises(OvpipeError, match=r"pip install 'ovpipe\[otel\]'"):
        traces("http://127.0.0.1:1", {})
    assert not traces(None, SET)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed" in caplog.text


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://host:4318", "http://host:4318/v1/traces"),
        ("http://host:4318/", "http://host:4318/v1/traces"),
        ("https://host/tenant/v1/traces", "https://host/tenant/v1/traces"),
    ],
)
def test_the_path_of_traces_is_added_to_an_endpoint_without_one(endpoint: str, url: str) -> None:
    assert traces_url(endpoint) == url
