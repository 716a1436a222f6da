"""Whether a server sends traces of its requests, and where."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, TypeAlias

import typer

from ovpipe.errors import OvpipeError
from ovpipe.serving.telemetry.tracer import RequestTracer

log = logging.getLogger(__name__)

OtlpEndpoint: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--otlp-traces-endpoint",
        metavar="URL",
        help="Send a trace of each request to this OpenTelemetry collector, by OTLP over HTTP: "
        "http://localhost:4318. Needs the extra otel. Default: OTEL_EXPORTER_OTLP_ENDPOINT.",
    ),
]
VARIABLES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
HTTP_URL: Final = re.compile(r"https?://[^/\s]+")
INSTALL: Final = "OpenTelemetry is not installed; to install it: pip install 'ovpipe[otel]'"


@contextmanager
def tracing(endpoint: str | None, environment: Mapping[str, str]) -> Iterator[RequestTracer | None]:
    """What traces requests; None where nobody asked for it.

    Raises OvpipeError for an endpoint of the command line that cannot be used. One of the environment, which
    may be meant for others, is only warned of.
    """
    if endpoint is not None and not HTTP_URL.match(endpoint):
        raise OvpipeError(f"--otlp-traces-endpoint is {endpoint!r}, no URL; one is http://localhost:4318")
    asked = endpoint is not None or any(environment.get(name) for name in VARIABLES)
    if not asked or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield None
        return
    try:
        from ovpipe.serving.telemetry.otel import OtelTracer
    except ImportError:
        if endpoint is not None:
            raise OvpipeError(f"--otlp-traces-endpoint: {INSTALL}") from None
        log.warning("%s is set, but %s", next(name for name in VARIABLES if environment.get(name)), INSTALL)
        yield None
        return
    tracer = OtelTracer.to_endpoint(endpoint)
    try:
        yield tracer
    finally:
        tracer.close()
