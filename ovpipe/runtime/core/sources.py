"""Sources: the nodes without input streams, and whose turn it is to step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol

from ovpipe.runtime.core.consumer import Consumer


class Source(Consumer, Protocol):
    """What the core needs of a node without inputs."""

    closed: bool

    @property
    def waiting(self) -> bool:
        """Whether a step could be taken now, or an async source be started."""

    def stop(self) -> None:
        """No more steps after this one."""

    def end(self) -> Consumer | None:
        """Closes now, and settles the outputs; returns who has news by that."""


class Sources:
    """A run's sources by layer: those of a layer start when all of the layer below have ended."""

    def __init__(self, layers: Iterable[deque[Source]]) -> None:
        self._layers = deque(layers)

    def next(self) -> Source | None:
        """The source to step: those of the lowest layer that has not ended take turns."""
        layers = self._layers
        while layers and all(source.closed for source in layers[0]):
            layers.popleft()
        if not layers:
            return None
        layer = layers[0]
        for _ in range(len(layer)):
            layer.rotate(-1)
            if layer[-1].waiting:
                return layer[-1]
        return None

    def __iter__(self) -> Iterator[Source]:
        for layer in self._layers:
            yield from layer

    @property
    def all_ended(self) -> bool:
        """Whether none has a step left."""
        return all(source.closed and not source.waiting for source in self)
