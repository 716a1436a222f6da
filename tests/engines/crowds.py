"""Requests that come and go at random, in one core."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.protocol import Delta, GenerateRequest


def in_a_crowd(
    core: EngineCore, asked: Sequence[GenerateRequest], gone: Collection[int], chance: random.Random
) -> dict[int, list[int]]:
    """The texts of requests that are added at random steps, the last first.

    Those `gone` are cancelled once they have two tokens; what they have got by then is told.
    """
    texts: dict[int, list[int]] = {each.id: [] for each in asked}
    waiting, left = list(asked), set(texts)
    for _ in range(5_000):
        if not left:
            core.step()
            assert core.stats().kv_cache_usage == 0
            return texts
        while waiting and chance.random() < 0.4:
            core.add(waiting.pop())
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            texts[outcome.request] += [token.id for token in outcome.tokens]
            if outcome.finish is not None:
                left.discard(outcome.request)
        for number in sorted(left.intersection(gone)):
            if len(texts[number]) >= 2:
                core.cancel(number)
                left.discard(number)
    raise AssertionError(f"requests {left} do not end")
