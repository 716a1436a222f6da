"""What a failed run means for its client; the log gets the rest."""

from __future__ import annotations

import logging

from ovpipe.errors import RequestError, RunError
from ovpipe.serving.refusals import internal_error

log = logging.getLogger(__name__)


def to_client_error(error: Exception, model: str) -> RequestError:
    """The error for the client. What is no RequestError is a 500 that names no internals, and is logged."""
    cause = error.__cause__ if isinstance(error, RunError) else error
    if isinstance(cause, RequestError):
        return cause
    if isinstance(error, RunError):
        log.error(
            "model %r: node %r failed in %s at timestamp %s (%s): %r",
            model,
            error.node,
            error.phase,
            error.timestamp,
            error.place,
            cause if cause is not None else str(error),
            exc_info=cause,
        )
    else:
        log.error("model %r: a run failed: %r", model, error, exc_info=error)
    return internal_error()
