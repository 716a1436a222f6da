"""HeldRequests: those that an engine's process has, from their adding to their end."""

from __future__ import annotations

from collections.abc import Callable

from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.process.resumption import Resumption, can_resume
from ovpipe.engines.process.retries import Retry
from ovpipe.engines.protocol import Delta, GenerateRequest


class HeldRequests:
    """By id. `on_end` is called whenever one has left, however that was."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self.generations: dict[int, MailboxGeneration] = {}
        self._unstarted: dict[int, GenerateRequest] = {}
        """Those that still wait for their first token. Kept for another life, if this one ends."""
        self._resumptions: dict[int, Resumption] = {}
        """Of those with tokens that another life could go on with."""
        self._on_trial: tuple[int, Callable[[], None]] | None = None
        """A request, and what is called when it has ended."""
        self._on_end = on_end
        self._tokens: dict[int, int] = {}
        self.tokens = 0
        """Of the prompts and of what was generated, all requests together."""

    def __len__(self) -> int:
        return len(self.generations)

    @property
    def wait_for_tokens(self) -> bool:
        """Whether any has had no token so far."""
        return bool(self._unstarted)

    def add(
        self, request: GenerateRequest, generation: MailboxGeneration, then: Callable[[], None] | None = None
    ) -> None:
        """Takes a request in. `then` is called when it has ended; of one at a time."""
        self.generations[request.id] = generation
        self._unstarted[request.id] = request
        self._count(request.id, len(request.prompt))
        if then is not None:
            self._on_trial = request.id, then

    def begin(self, request_id: int) -> None:
        """The engine begins to read its prompt."""
        if (generation := self.generations.get(request_id)) is not None:
            generation.begin()

    def deliver(self, delta: Delta) -> None:
        """Brings a delta to its request, unless that was cancelled while the step was under way."""
        generation = self.generations.get(delta.request)
        if generation is None:
            return
        started = self._unstarted.pop(delta.request, None)
        if started is not None and can_resume(started.sampling):
            self._resumptions[delta.request] = Resumption(started)
        if (resumption := self._resumptions.get(delta.request)) is not None:
            resumption.add(delta.tokens)
        self._count(delta.request, len(delta.tokens))
        generation.deliver(delta)
        if delta.finish is not None:
            self.remove(delta.request)

    def fail(self, request_id: int, error: Exception) -> None:
        """Ends a request with an error, if it is there."""
        if (generation := self.remove(request_id)) is not None:
            generation.fail(error)

    def remove(self, request_id: int) -> MailboxGeneration | None:
        """Takes a request out, if it is there, and leaves its generation as it is."""
        generation = self.generations.pop(request_id, None)
        if generation is None:
            return None
        self._unstarted.pop(request_id, None)
        self._resumptions.pop(request_id, None)
        self._forget(request_id)
        if self._on_trial is not None and self._on_trial[0] == request_id:
            _, then = self._on_trial
            self._on_trial = None
            then()
        self._on_end()
        return generation

    def take_unbegun(self) -> list[Retry]:
        """Parts with those that the engine has not begun to read. Their generations stay open."""
        return self._take([n for n in self._unstarted if not self.generations[n].begun])

    def take_not_started(self) -> list[Retry]:
        """Parts with those that have no token so far. Their generations stay open."""
        return self._take(list(self._unstarted))

    def take_resumable(self) -> list[Retry]:
        """Parts with what is left of those that another life can go on with. Their generations stay open."""
        resumed = []
        for request_id, resumption in self._resumptions.items():
            self._forget(request_id)
            resumed.append(Retry(resumption.request(), self.generations.pop(request_id)))
        self._resumptions = {}
        return resumed

    def _take(self, ids: list[int]) -> list[Retry]:
        self._on_trial = None
        for request_id in ids:
            self._forget(request_id)
        return [Retry(self._unstarted.pop(n), self.generations.pop(n)) for n in ids]

    def _count(self, request_id: int, more: int) -> None:
        self._tokens[request_id] = self._tokens.get(request_id, 0) + more
        self.tokens += more

    def _forget(self, request_id: int) -> None:
        self.tokens -= self._tokens.pop(request_id)
