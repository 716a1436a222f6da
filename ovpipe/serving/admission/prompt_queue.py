"""PromptQueue: the prompt tokens of one model that wait until its engine reads them."""

from __future__ import annotations

from ovpipe.errors import RequestError
from ovpipe.serving.admission.pool import Pool, size_of
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.refusals import over_share, prompt_queue_full


class PromptQueue:
    """Counts tokens from the moment a prompt is tokenised until the engine begins to read it.

    A prompt that is longer than the whole queue counts as all of it: it is let in when no other waits.
    """

    def __init__(self, most: int | None, share: float) -> None:
        """`most` tokens wait, None: any number; of one client alone no more than the part `share`."""
        self._pool = Pool(size_of(most), share)
        self._throughput = Throughput()
        self.tokens = 0
        """That wait now."""
        self._prompts = 0

    def resize(self, most: int | None, share: float) -> None:
        """Other limits; what waits already goes on."""
        self._pool.resize(size_of(most), share)

    def is_full_for(self, client: str) -> bool:
        """Whether not even the shortest prompt of this client would be let in now."""
        return not self._pool.allows(client)

    def refusal(self, tokens: int = 1) -> RequestError:
        """The 429 of a prompt for which there is no room, at least not of this client."""
        seconds = self._throughput.seconds_for(self._prompts + 1)
        return over_share(seconds) if self._pool.has_room(tokens) else prompt_queue_full(seconds)

    def enter(self, client: str, tokens: int) -> QueuedPrompt:
        """A prompt waits from now on; RequestError 429 when there is no room for it."""
        counted = max(1, min(tokens, self._pool.size))
        if not self._pool.take(client, counted):
            raise self.refusal(counted)
        self.tokens += tokens
        self._prompts += 1
        return QueuedPrompt(self, client, tokens, counted)

    def leave(self, prompt: QueuedPrompt) -> None:
        """See `QueuedPrompt.leave`."""
        self._pool.give_back(prompt.client, prompt.counted)
        self.tokens -= prompt.tokens
        self._prompts -= 1
        self._throughput.ended()


class QueuedPrompt:
    """One prompt in the queue."""

    __slots__ = ("_queue", "client", "counted", "tokens")

    def __init__(self, queue: PromptQueue, client: str, tokens: int, counted: int) -> None:
        self._queue: PromptQueue | None = queue
        self.client = client
        self.tokens = tokens
        self.counted = counted

    def leave(self) -> None:
        """The engine reads it, or nobody waits for it any more. A second time does nothing."""
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.leave(self)
