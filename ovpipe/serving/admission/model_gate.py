"""ModelGate: how many requests of one model run, how many wait, and who is next."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ovpipe.serving.admission.pool import Pool
from ovpipe.serving.admission.prompt_queue import PromptQueue
from ovpipe.serving.admission.throughput import Throughput


@dataclass(eq=False, slots=True)
class Turn:
    """One request at a model's gate. It runs, or it waits until `begin` is called."""

    client: str
    priority: int
    number: int
    begin: Callable[[], None]
    runs: bool = False


class ModelGate:
    """Counts the requests of a model. What it has let in is never put out again.

    Of those that wait, the lowest priority goes first; among equals the client with the fewest running, and
    then the one that came first. So a client with one question does not stand behind another's thousand.
    """

    def __init__(
        self,
        most_queued: int,
        share: float,
        throughput: Throughput,
        most_prompt_tokens: int | None = None,
    ) -> None:
        """`share` is the part of the places, and of the prompt tokens, that one client may take alone."""
        self.prompts = PromptQueue(most_prompt_tokens, share)
        """Those that wait for the engine: of requests that run."""
        self.most_running: int | None = None
        """None: no limit. It may change; what runs goes on."""
        self.throughput = throughput
        self._queue = Pool(most_queued, share)
        self._waiting: dict[Turn, None] = {}
        self._running: Counter[str] = Counter()
        self.running = 0
        """Requests that run."""
        self._numbers = itertools.count()

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether it has no request."""
        return not self.running and not self.waiting

    def resize(self, most_queued: int, share: float, most_prompt_tokens: int | None) -> None:
        """Other limits from now on. What it has let in stays."""
        self._queue.resize(most_queued, share)
        self.prompts.resize(most_prompt_tokens, share)

    def is_full(self) -> bool:
        """Whether nobody would be let in now."""
        return not self._has_place() and not self._queue.has_room()

    def is_full_for(self, client: str) -> bool:
        """Whether this client would not be let in now."""
        return not self._has_place() and not self._queue.allows(client)

    def seconds_until_room(self) -> float:
        """When those that wait now will have had their turn, by the measured rate."""
        return self.throughput.seconds_for(self.waiting + 1)

    def arrive(self, client: str, priority: int, begin: Callable[[], None]) -> Turn | None:
        """A turn, which runs if there is a place and waits if not; None when the gate is full for it.

        `begin` is called when a turn that waits begins to run.
        """
        self._begin_those_who_can()  # as many as there are places for since `most_running` has changed
        turn = Turn(client, priority, next(self._numbers), begin)
        if self._has_place():
            self._run(turn)
        elif self._queue.take(client):
            self._waiting[turn] = None
        else:
            return None
        return turn

    def leave(self, turn: Turn) -> None:
        """The request has ended, or waits no longer. The next ones begin."""
        if turn.runs:
            self.running -= 1
            self._running[turn.client] -= 1
            if not self._running[turn.client]:
                del self._running[turn.client]
            self.throughput.ended()
        else:
            self._stop_waiting(turn)
        self._begin_those_who_can()

    def let_in(self, most_running: int | None) -> None:
        """Another number may run from now on; those that wait begin, if there are places for them."""
        self.most_running = most_running
        self._begin_those_who_can()

    def _begin_those_who_can(self) -> None:
        while self._waiting and self._has_place():
            chosen = min(self._waiting, key=self._rank)
            self._stop_waiting(chosen)
            self._run(chosen)
            chosen.begin()

    def _rank(self, turn: Turn) -> tuple[int, int, int]:
        return turn.priority, self._running[turn.client], turn.number

    def _has_place(self) -> bool:
        return self.most_running is None or self.running < self.most_running

    def _run(self, turn: Turn) -> None:
        turn.runs = True
        self.running += 1
        self._running[turn.client] += 1

    def _stop_waiting(self, turn: Turn) -> None:
        del self._waiting[turn]
        self._queue.give_back(turn.client)
