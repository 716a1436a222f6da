"""A request's mailbox: what waits in it is one delta."""

from __future__ import annotations

import asyncio

from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.protocol import Beam, Delta


def waiting(*deltas: Delta) -> Delta:
    """What a consumer gets that comes after all of these."""

    async def scenario() -> Delta:
        generation = MailboxGeneration(1, lambda request: None)
        for delta in deltas:
            generation.deliver(delta)
        return await anext(generation)

    return asyncio.run(scenario())


def test_tokens_and_their_logprobs_are_joined_and_the_counts_are_the_last() -> None:
    assert waiting(
        Delta(1, [5], 1, None, [-0.5]), Delta(1, [6, 7], 3, None, [-1.0, -2.0]), Delta(1, [], 3, "stop")
    ) == Delta(1, [5, 6, 7], 3, "stop", [-0.5, -1.0, -2.0])


def test_deltas_without_logprobs_have_none_when_joined() -> None:
    assert waiting(Delta(1, [5], 1), Delta(1, [6], 2, "length")) == Delta(1, [5, 6], 2, "length")


def test_beams_are_handed_on_as_they_came() -> None:
    beams = [Beam([5, 6], -0.5, "stop", [-0.5, -0.5]), Beam([5, 7], -0.7, "length")]
    assert waiting(Delta(1, [], 4, "stop", [], beams)).beams == beams
