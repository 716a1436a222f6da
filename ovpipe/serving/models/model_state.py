"""ModelState: where a model stands."""

from __future__ import annotations

import enum


class ModelState(enum.StrEnum):
    """Where a model stands."""

    LOADING = "loading"
    AVAILABLE = "available"
    RECOVERING = "recovering"
    """It is open, and a part of it is down for now: its engine is started again."""
    FAILED = "failed"
    UNLOADED = "unloaded"
    """Nobody used it for long, or there was no room; the next request loads it."""

    @property
    def is_ready(self) -> bool:
        """Whether a request is served, if need be once the model is loaded."""
        return self in (ModelState.AVAILABLE, ModelState.UNLOADED)
