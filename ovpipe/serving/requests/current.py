"""The request that is being served here, for all that is logged while it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

FIELDS: Final = "ovpipe_fields"
"""The attribute of a log record with more fields, by name; as JSON they are fields of the object."""

_REQUEST_ID: Final = ContextVar[str | None]("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request that the current task works on; None outside of one.

    A run's calls have their request's: their tasks are children of the request's own.
    """
    return _REQUEST_ID.get()


@contextmanager
def serving(request_id: str) -> Iterator[None]:
    """What is logged within, and in tasks that begin within, is of this request."""
    token = _REQUEST_ID.set(request_id)
    try:
        yield
    finally:
        _REQUEST_ID.reset(token)
