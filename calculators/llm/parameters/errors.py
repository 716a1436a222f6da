"""The errors of a request's values. They name parameters, never what the client sent."""

from __future__ import annotations

from ovpipe.errors import RequestError


def wrong_type(path: str, expected: str) -> RequestError:
    """The error for a value of a wrong JSON type."""
    return RequestError(400, f"'{path}' must be {expected}.", code="invalid_type", param=path)


def wrong_value(path: str, expected: str) -> RequestError:
    """The error for a value of the right type that is not allowed."""
    return RequestError(400, f"'{path}' must be {expected}.", code="invalid_value", param=path)


def missing(path: str, expected: str) -> RequestError:
    """The error for a required value that is absent or null."""
    return RequestError(
        400, f"'{path}' is required and must be {expected}.", code="missing_required_parameter", param=path
    )


def unsupported(path: str, reason: str) -> RequestError:
    """The error for what the API knows and this server cannot do."""
    return RequestError(400, f"'{path}' {reason}.", code="unsupported_parameter", param=path)
