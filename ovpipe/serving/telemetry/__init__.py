"""Requests as OpenTelemetry's spans: the interface that the server knows, and the extra `otel` behind it."""
