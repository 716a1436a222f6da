"""Snapshot: how the models of a server are at one moment, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GenerationSnapshot:
    """One generation of a model that is not closed."""

    number: int
    """It counts from 1, in the order in which they began to load."""
    state: str
    """loading, serving or draining."""
    requests: int
    """How many use it."""


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One model."""

    name: str
    state: str
    reason: str
    """Why its latest generation failed to load; empty when it did not."""
    graphs: tuple[str, ...]
    """The files of the graphs that serve, or shall."""
    resources: tuple[str, ...]
    generations: tuple[GenerationSnapshot, ...]
    """The oldest first."""


@dataclass(frozen=True, slots=True)
class ResourceSnapshot:
    """One resource."""

    name: str
    is_open: bool
    reason: str
    """Why it failed to load; empty when it did not."""
    graph: str
    users: int
    """How many generations use it."""


@dataclass(frozen=True, slots=True)
class RepositorySnapshot:
    """All models and what they share."""

    models: tuple[ModelSnapshot, ...]
    leaving: tuple[ModelSnapshot, ...]
    """Models that a reload has removed, and that still have requests."""
    resources: tuple[ResourceSnapshot, ...]

    @property
    def loaded(self) -> frozenset[tuple[str, int]] | None:
        """The generations that are open, by model and number; None as long as one loads."""
        every = {(model.name, one) for model in (*self.models, *self.leaving) for one in model.generations}
        if any(one.state == "loading" for _, one in every):
            return None
        return frozenset((name, one.number) for name, one in every)
