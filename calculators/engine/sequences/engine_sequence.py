"""EngineSequence: one text in the engine, with its tokens and its blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

from ovpipe.calculators.engine.packets import BlockCopy


@dataclass(slots=True)
class EngineSequence:
    """Changed by the scheduler alone.

    The first `past` of its `tokens` are in the cache, in `blocks`. What the model has yet to read are the
    others: a part of the prompt, or the token that was sampled last. After a preemption it is all of them.
    """

    tokens: list[int]
    past: int = 0
    blocks: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    """Of its first full blocks, by which the cache remembers them."""
    remembered: int = 0
    """How many of its blocks the cache knows by their keys."""
    adapter: str | None = None
    """The LoRA adapter through which it is read."""
    drafts: tuple[int, ...] = ()
    """Guesses of the tokens that follow `tokens`."""
    copy: BlockCopy | None = None
    """What the next step copies first: the block that it writes to was not the sequence's alone."""

    @property
    def unread(self) -> int:
        """How many tokens the model has yet to read."""
        return len(self.tokens) - self.past
