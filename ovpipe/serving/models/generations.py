"""Generations: which graph of a model serves, which comes next, which drain. Plain state, no event loop."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from ovpipe.errors import RequestError

T = TypeVar("T")


class GenerationState(enum.StrEnum):
    """Where a generation stands. It only ever moves down this list; a failed one moves no more."""

    LOADING = "loading"
    SERVING = "serving"
    DRAINING = "draining"
    CLOSED = "closed"
    FAILED = "failed"


class ModelGeneration(Generic[T]):
    """One opening of what a model serves, and the leases on it."""

    def __init__(self, number: int, served: T) -> None:
        self.number = number
        self.served = served
        self.state = GenerationState.LOADING
        self._leases: set[Lease[T]] = set()
        self._on_drained: list[Callable[[], None]] = []

    @property
    def leases(self) -> int:
        """How many requests use it."""
        return len(self._leases)

    @property
    def is_drained(self) -> bool:
        """Whether it takes no more requests, and has none left."""
        return self.state is GenerationState.DRAINING and not self._leases

    def when_drained(self, call: Callable[[], None]) -> None:
        """Calls once it is drained, which may be now."""
        if self.is_drained:
            call()
        else:
            self._on_drained.append(call)

    def revoke(self, error: RequestError) -> None:
        """Ends the requests that use it; each gets `error` if it still waits for something."""
        for lease in list(self._leases):
            if lease.stop is not None:
                lease.stop(error)

    def take(self) -> Lease[T]:
        """A lease; it serves."""
        assert self.state is GenerationState.SERVING, self.state
        lease = Lease(self)
        self._leases.add(lease)
        return lease

    def drop(self, lease: Lease[T]) -> None:
        """A lease has ended."""
        self._leases.discard(lease)
        self.tell()

    def tell(self) -> None:
        """Calls who waits until it is drained, if it is."""
        if self.is_drained:
            calls, self._on_drained = self._on_drained, []
            for call in calls:
                call()


class Lease(Generic[T]):
    """One request's use of a generation, which closes when all have ended.

    `stop` ends the request. `on_release` is called when it has ended.
    """

    def __init__(self, generation: ModelGeneration[T]) -> None:
        self._generation = generation
        self.stop: Callable[[RequestError], None] | None = None
        self.on_release: Callable[[], None] | None = None

    @property
    def served(self) -> T:
        """What the generation serves."""
        return self._generation.served

    def release(self) -> None:
        """The request is over. A second time does nothing."""
        ended, self.on_release = self.on_release, None
        if ended is not None:
            ended()
        self._generation.drop(self)


class Generations(Generic[T]):
    """The generations of one model.

    At most one serves and at most one loads. A lease is given on the one that serves. One that another has
    replaced drains: it keeps its leases, gets no more, and may be closed when the last has ended.
    """

    def __init__(self) -> None:
        self.current: ModelGeneration[T] | None = None
        """The one that serves."""
        self.next: ModelGeneration[T] | None = None
        """The one that loads."""
        self._draining: list[ModelGeneration[T]] = []
        self._last = 0

    def __iter__(self) -> Iterator[ModelGeneration[T]]:
        """Those that are not closed, the oldest first."""
        own = (self.current, self.next)
        return iter([*self._draining, *(one for one in own if one is not None)])

    def begin(self, served: T) -> ModelGeneration[T]:
        """The next generation loads, in place of one that loads and is given up."""
        self.give_up()
        self._last += 1
        self.next = ModelGeneration(self._last, served)
        return self.next

    def give_up(self) -> None:
        """The one that loads shall not serve."""
        if self.next is not None:
            self._retire(self.next)
            self.next = None

    def opened(self, generation: ModelGeneration[T]) -> bool:
        """It has loaded: it serves from now on, and the former one drains. False when it was given up."""
        if generation is not self.next:
            return False
        self.next = None
        self.retire()
        generation.state = GenerationState.SERVING
        self.current = generation
        return True

    def failed(self, generation: ModelGeneration[T]) -> None:
        """It could not load; the one that serves goes on."""
        if generation is self.next:
            self.next = None
        elif generation in self._draining:
            self._draining.remove(generation)
        generation.state = GenerationState.FAILED

    def retire(self) -> ModelGeneration[T] | None:
        """The one that serves takes no more requests; it is given, if there is one."""
        retired, self.current = self.current, None
        if retired is not None:
            self._retire(retired)
        return retired

    def closed(self, generation: ModelGeneration[T]) -> None:
        """One that drained has been closed."""
        self._draining.remove(generation)
        generation.state = GenerationState.CLOSED

    def lease(self) -> Lease[T] | None:
        """A lease on the one that serves; None when none does."""
        return None if self.current is None else self.current.take()

    def _retire(self, generation: ModelGeneration[T]) -> None:
        generation.state = GenerationState.DRAINING
        self._draining.append(generation)
        generation.tell()
