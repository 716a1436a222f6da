"""EngineSequence: one request in the engine, with its tokens and its blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from ovpipe.engines.protocol import GenerateRequest


@dataclass(slots=True)
class EngineSequence:
    """Changed by the scheduler alone.

    The first `past` of its `tokens` are in the cache, in `blocks`. What the model has yet to read are the
    others: a part of the prompt, or the token that was sampled last. After a preemption it is all of them.
    """

    request: GenerateRequest
    seed: int
    arrival: int
    """Its number among all requests that came."""
    tokens: list[int]
    past: int = 0
    blocks: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    """Of its first full blocks, by which the cache remembers them."""
    remembered: int = 0
    """How many of its blocks the cache knows by their keys."""
    cached: int = 0
    """Tokens of its prompt that stood in the cache when it began."""
    scored: int = 0
    """How many of its prompt's tokens were delivered with their log-probabilities, where it asks for them."""
    begun: bool = False
    """Whether a step has read any of it."""

    @property
    def unread(self) -> int:
        """How many tokens the model has yet to read."""
        return len(self.tokens) - self.past

    @property
    def scores_from(self) -> int | None:
        """The first of the prompt's tokens whose log-probability is wanted still; None: none is."""
        wanted = self.request.sampling.prompt_logprobs is not None
        return self.scored if wanted and self.scored < len(self.request.prompt) else None

    @property
    def rank(self) -> tuple[int, int]:
        """Lower ones come first: by priority, then by arrival."""
        return self.request.priority, self.arrival
