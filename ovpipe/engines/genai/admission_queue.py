"""Requests that wait for their turn in genai, and how much room there is for the next one."""

from __future__ import annotations

import heapq
import itertools
from typing import Generic, NamedTuple, TypeVar

_SLACK = 64
"""Places in the heap of those that are gone, beyond as many as wait."""

Item = TypeVar("Item")


class Demand(NamedTuple):
    """What a request takes of an engine while it runs."""

    sequences: int
    tokens: int
    """Of a step's batch."""
    blocks: int
    """Of the KV cache, from the start to the longest it may become."""


class Room:
    """What may run at once. A limit that is None is left to genai, which can wait and preempt."""

    def __init__(self, *, sequences: int, tokens: int | None = None, blocks: int | None = None) -> None:
        self._limits = (sequences, tokens, blocks)
        self._taken = Demand(0, 0, 0)

    def has(self, demand: Demand) -> bool:
        """Whether so much is free."""
        return all(
            limit is None or taken + wanted <= limit
            for limit, taken, wanted in zip(self._limits, self._taken, demand, strict=True)
        )

    def take(self, demand: Demand) -> None:
        """A request begins to run."""
        self._taken = Demand(*(a + b for a, b in zip(self._taken, demand, strict=True)))

    def give_back(self, demand: Demand) -> None:
        """A request that ran is gone."""
        self._taken = Demand(*(a - b for a, b in zip(self._taken, demand, strict=True)))


class WaitingQueue(Generic[Item]):
    """Items by id: the lowest priority first, and among equals the one that came first.

    Nobody is passed over: when there is no room for the first one, all wait.
    """

    def __init__(self) -> None:
        self._items: dict[int, tuple[int, Item]] = {}
        self._heap: list[tuple[int, int, int]] = []  # priority, arrival, id; what is gone stays behind
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, id: int) -> bool:
        return id in self._items

    def add(self, id: int, item: Item, priority: int) -> None:
        """Puts an item in its place; no other one that waits has this `id`."""
        arrival = next(self._arrivals)
        self._items[id] = arrival, item
        heapq.heappush(self._heap, (priority, arrival, id))

    def first(self) -> Item | None:
        """The next one, which stays where it is."""
        while self._heap:
            if self._waits(self._heap[0]):
                return self._items[self._heap[0][2]][1]
            heapq.heappop(self._heap)
        return None

    def remove(self, id: int) -> Item | None:
        """Takes an item out, wherever it stands; None when it is not there."""
        item = self._items.pop(id, (None, None))[1]
        if len(self._heap) > 2 * len(self._items) + _SLACK:
            self._heap = [place for place in self._heap if self._waits(place)]
            heapq.heapify(self._heap)
        return item

    def _waits(self, place: tuple[int, int, int]) -> bool:
        _, arrival, owner = place
        return self._items.get(owner, (None,))[0] == arrival
