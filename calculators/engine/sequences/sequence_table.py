"""SequenceTable: the requests that run, and those that wait."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable

from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.calculators.engine.sequences.sequence_group import SequenceGroup
from ovpipe.engines.protocol import GenerateRequest


class SequenceTable:
    """The engine's sequences by request. A side packet, so that it outlives a run of the engine's graph."""

    def __init__(self) -> None:
        self.running: dict[int, SequenceGroup] = {}
        """By request id, in the order in which they began to run."""
        self.waiting: list[SequenceGroup] = []
        """By rank. Those that were preempted are among them."""
        self.preparing: dict[int, SequenceGroup] = {}
        """By request id: those that do not wait for their turn yet, but for what they need."""
        self.batch: tuple[BatchRow, ...] = ()
        """What the latest step reads, or has read."""
        self.under_way: tuple[BatchRow, ...] = ()
        """What the step reads that has begun and not ended. When a node fails, another run repeats it."""
        self.preemptions = 0
        self.drafted_tokens = 0
        """Guesses that the model has read."""
        self.accepted_tokens = 0
        """Of these, the ones that were right."""
        self._arrivals = itertools.count()

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting) + len(self.preparing)

    def __contains__(self, request_id: int) -> bool:
        if request_id in self.running or request_id in self.preparing:
            return True
        return any(one.request.id == request_id for one in self.waiting)

    @property
    def num_running(self) -> int:
        """How many sequences run."""
        return sum(len(group.sequences) for group in self.running.values())

    @property
    def places(self) -> int:
        """How many of the sequences that may run at once are taken."""
        return sum(group.places for group in self.running.values())

    def in_step(self, node: object) -> dict[int, bool]:
        """The requests of the step under way: whether each uses a node, which has failed in it.

        A node may have a method `uses(row)`, of rows that have logits. One without it is used by all.
        """
        found: dict[int, bool] = {}
        for row in self.under_way:
            found[row.request.id] = _uses(node, row) or found.get(row.request.id, False)
        return found

    def add(self, request: GenerateRequest, seed: int, rank: Callable[[GenerateRequest, int], float]) -> None:
        """A new request, which waits, once it is `prepared`. `rank` is of the request and its arrival."""
        arrival = next(self._arrivals)
        self.preparing[request.id] = SequenceGroup(request, seed, (rank(request, arrival), arrival))

    def prepared(self, request_id: int) -> None:
        """The request has what it needs, and waits for its turn. Its rank is that of its arrival."""
        self.wait(self.preparing.pop(request_id))

    def wait(self, group: SequenceGroup) -> None:
        """Puts a request among those that wait, in its place by rank."""
        bisect.insort(self.waiting, group, key=lambda one: one.rank)

    def remove(self, request_id: int) -> SequenceGroup | None:
        """Takes a request out, wherever it is; None when it is not there."""
        if request_id in self.running:
            return self.running.pop(request_id)
        if request_id in self.preparing:
            return self.preparing.pop(request_id)
        for place, group in enumerate(self.waiting):
            if group.request.id == request_id:
                return self.waiting.pop(place)
        return None


def _uses(node: object, row: BatchRow) -> bool:
    uses = getattr(node, "uses", None)
    if uses is None:
        return True
    try:
        has_logits = row.samples or row.scores_from is not None
        return has_logits and bool(uses(row))
    except Exception:  # the failure of the step is in the log; this may be what it failed over
        return True
