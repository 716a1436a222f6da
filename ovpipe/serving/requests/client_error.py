"""What a failed run means for its client; the log gets the rest."""

from __future__ import annotations

import logging

from ovpipe.errors import RequestError, RunError
from ovpipe.serving.refusals import internal_error

log = logging.getLogger(__name__)


def to_client_error(error: Exception, model: str) -> RequestError:
    """The error for the client. What is no RequestError is a 500 that names no internals; the log does."""
    cause = error.__cause__ if isinstance(error, RunError) else error
    if isinstance(cause, RequestError):
        return cause
    if not isinstance(error, RunError):  # a node's failure is in the log already: its run named it
        log.error("model %r: a run failed: %r", model, error, exc_info=error)
    return internal_error()
