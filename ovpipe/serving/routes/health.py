"""Paths that ask how the server is: each name that load balancers, charts and load generators know."""

from __future__ import annotations

from typing import Final

from ovpipe.serving.routes.patterns import VERSIONS

LIVE: Final = (
    "/health/live",
    "/livez",
    "/v2/health/live",
    *(f"{version}/health/live" for version in VERSIONS),
)
"""Whether the process answers. Kubernetes, KServe and Triton, NVIDIA NIM."""

READY: Final = (
    *("/health/ready", "/health", "/healthz", "/readyz", "/ping", "/health_generate", "/v2/health/ready"),
    *(f"{version}/health{end}" for version in VERSIONS for end in ("", "/ready")),
)
"""Whether every model takes requests. vLLM, TGI, SGLang and llama.cpp; SageMaker's ping; and those above."""
