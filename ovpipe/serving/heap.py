"""The heap of a server: what is loaded is kept out of the garbage collector's sight.

A full collection looks at each object that there is. Some hundred thousand of them belong to modules,
graphs and models, which stay: all requests would wait a tenth of a second for that look, again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG: Final = 10_000
"""New objects after which the collector looks at them. Python's own 700 are those of a few requests."""


class Heap:
    """Freezes what there is whenever something else is loaded than before.

    What is unloaded is freed though it may refer to itself: for that, all is thawed and looked through once.
    What requests leave behind is collected as ever.
    """

    def __init__(self) -> None:
        self._loaded: object = None

    def settle(self, loaded: object) -> bool:
        """Freezes all there is, unless the same was loaded at the last call; returns whether it did."""
        if loaded == self._loaded:
            return False
        self._loaded = loaded
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True


@contextmanager
def settled_heap() -> Iterator[Heap]:
    """The process's heap, for as long as the block runs; then the collector is as it was."""
    thresholds = gc.get_threshold()
    gc.set_threshold(YOUNG, *thresholds[1:])
    try:
        yield Heap()
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
