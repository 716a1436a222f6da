"""Opening: a graph of a server opens, and a listener hears how that goes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from ovpipe.errors import RunError
from ovpipe.runtime.runs.graph import Graph

log = logging.getLogger(__name__)


class LoadListener(Protocol):
    """Hears how models and resources load; called on the event loop.

    `title` says what it is about: "model NAME" or "resource NAME".
    """

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None:
        """A node of its graph says how far it has come; `fraction` None: not known."""

    def available(self, title: str, seconds: float) -> None:
        """It can be used from now on."""

    def failed(self, title: str, reason: str) -> None:
        """It could not be loaded; the others go on."""


async def open_graph(
    graph: Graph, title: str, listener: LoadListener, side_packets: Mapping[str, Any] | None = None
) -> str:
    """Opens a graph, whose progress the listener hears. Returns "", or why it could not be opened."""

    def progress(node: str, message: str, fraction: float | None) -> None:
        listener.loading(title, node, message, fraction)

    try:
        await graph.open(side_packets, progress=progress)
    except Exception as error:  # whatever a node raises: this graph alone is unavailable
        log.debug("%s failed to load", title, exc_info=error)
        return _reason(error)
    return ""


def _reason(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, RunError) and error.__cause__ is not None else error
    reason = f"{type(cause).__name__}: {cause}"
    return f"node {error.node!r} ({error.place}): {reason}" if isinstance(error, RunError) else reason
