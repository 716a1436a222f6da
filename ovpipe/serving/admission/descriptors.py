"""How many connections the descriptors of this process are enough for."""

from __future__ import annotations

import logging
import resource
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

MOST_PLACES: Final = 10_000
"""Connections at once, where `ulimit -n` would allow more and the operator says nothing."""
FEWEST_PLACES: Final = 8
SPARE: Final = 16
"""Connections beyond the limit that may ask how the server is, while all others are busy."""
MOST_ACCEPTED_AT_ONCE: Final = 64
OF_A_MODEL: Final = 16
"""Descriptors that a model, or a resource, may open: its files, and its engine's process and socket."""
OF_THE_SERVER: Final = 16
"""Descriptors that the server may open later: threads' pipes, files that it reads, a trace."""


def places_for_connections(wanted: int | None, models: int, connected: int = 0) -> int:
    """How many connections are let in: as many as are wanted and there are descriptors for.

    `models` counts the models and resources that are still to open, `connected` the connections there are.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_PLACES if wanted is None else wanted
    own = (
        open_descriptors()
        - connected
        + OF_THE_SERVER
        + OF_A_MODEL * models
        + SPARE
        + 2 * accepted_at_once(limit)
    )
    possible = max(limit - own, FEWEST_PLACES)
    if wanted is not None and wanted > possible:
        log.warning(
            "max_connections is %d, and ulimit -n, which is %d, leaves descriptors for %d connections beside "
            "the server's own; %d are let in at once. Raise it with `ulimit -n %d`",
            wanted,
            limit,
            possible,
            possible,
            wanted + own,
        )
    return min(possible, MOST_PLACES if wanted is None else wanted)


def accepted_at_once(limit: int | None = None) -> int:
    """How many connections are accepted in one turn of the event loop, before any of them is counted."""
    if limit is None:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return (
        MOST_ACCEPTED_AT_ONCE if limit == resource.RLIM_INFINITY else min(MOST_ACCEPTED_AT_ONCE, limit // 16)
    )


def open_descriptors() -> int:
    """How many this process has open now."""
    return sum(1 for _ in Path("/dev/fd").iterdir()) - 1  # the listing itself has one
