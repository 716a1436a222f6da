"""The fake engine does what its script says, as a real one would."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.engines.protocol import Beam, BeamSearch, Delta, EngineDied, SamplingParams, Token
from ovpipe.testing.fakes import Entry, FakeEngine
from tests.tokens import logprobs, tokens


def deltas(engine: FakeEngine, requests: int = 1, **sampling: Any) -> list[list[Delta]]:
    """What so many requests get that run at the same time."""

    async def one(number: int) -> list[Delta]:
        params = SamplingParams(**{"max_tokens": 100, **sampling})
        async with engine.generate([number], params, priority=number) as generation:
            return [delta async for delta in generation]

    async def scenario() -> list[list[Delta]]:
        return await asyncio.gather(*(one(number) for number in range(requests)))

    return asyncio.run(scenario())


def test_an_entry_is_a_step_and_the_last_one_finishes() -> None:
    engine = FakeEngine([7, [8, 9], 256])
    assert deltas(engine) == [
        [Delta(1, tokens(7), 1), Delta(1, tokens(8, 9), 3), Delta(1, tokens(256), 4, "stop")]
    ]
    assert (engine.finished, engine.cancelled) == ([1], [])


def test_max_tokens_cut_a_step_short() -> None:
    assert deltas(FakeEngine([7, [8, 9]]), max_tokens=2) == [
        [Delta(1, tokens(7), 1), Delta(1, tokens(8), 2, "length")]
    ]


def test_every_request_may_have_a_script_of_its_own_and_the_last_serves_the_rest() -> None:
    engine = FakeEngine([1], [2, 3], [4], finish="length")
    answers = [
        [token.id for delta in parts for token in delta.tokens] for parts in deltas(engine, requests=4)
    ]
    assert answers == [[1], [2, 3], [4], [4]]
    assert engine.priorities == [0, 1, 2, 3]
    assert [prompt for prompt, _ in engine.requests] == [[0], [1], [2], [3]]


def test_logprobs_come_when_they_are_asked_for() -> None:
    together: list[int | Token] = [8, Token(9, -1.5)]
    script: list[Entry] = [Token(7, -0.5), together]
    asked = deltas(FakeEngine(script), logprobs=True)
    assert [logprobs(delta.tokens) for delta in asked[0]] == [[-0.5], [0.0, -1.5]]
    assert [logprobs(delta.tokens) for delta in deltas(FakeEngine(script))[0]] == [[], []]


def test_beams_come_in_one_delta() -> None:
    beams = [Beam(tokens(7, 8), -0.5, "stop"), Beam(tokens(9), -0.7, "length")]
    found = deltas(FakeEngine([beams]), beams=BeamSearch(width=2))
    assert found == [[Delta(1, [], 3, "stop", beams)]]


def test_an_error_is_raised_in_place_of_a_delta() -> None:
    with pytest.raises(EngineDied, match="killed"):
        deltas(FakeEngine([7, EngineDied("killed")]))
