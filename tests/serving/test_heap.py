"""The heap of a server: what is loaded is frozen, what is unloaded is freed."""

from __future__ import annotations

import gc
import weakref

from ovpipe.serving.heap import YOUNG, settled_heap
from ovpipe.serving.models.snapshot import GenerationSnapshot, ModelSnapshot, RepositorySnapshot


class Loaded:
    """Refers to itself, as graphs do."""

    def __init__(self) -> None:
        self.me = self


def test_what_is_loaded_is_frozen_once_and_thawed_at_the_end() -> None:
    before = gc.get_threshold()
    with settled_heap() as heap:
        assert gc.get_threshold() == (YOUNG, *before[1:])
        assert heap.settle(frozenset({("a", 1)}))
        assert gc.get_freeze_count() > 1000
        assert not heap.settle(frozenset({("a", 1)}))
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_what_is_unloaded_is_freed_though_it_was_frozen() -> None:
    with settled_heap() as heap:
        model = Loaded()
        there = weakref.ref(model)
        heap.settle("one model")
        del model
        gc.collect()
        assert there() is not None
        heap.settle("none")
        assert there() is None


def test_nothing_counts_as_loaded_while_something_loads() -> None:
    def snapshot(*states: str) -> RepositorySnapshot:
        generations = tuple(GenerationSnapshot(number, state, 0) for number, state in enumerate(states, 1))
        return RepositorySnapshot((ModelSnapshot("a", "", "", (), (), generations),), (), ())

    assert snapshot("draining", "serving").loaded == frozenset({("a", 1), ("a", 2)})
    assert snapshot("serving", "loading").loaded is None
    assert snapshot().loaded == frozenset()
