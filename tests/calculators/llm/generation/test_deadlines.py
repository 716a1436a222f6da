"""How long a request waits for its tokens; what arrives is in the tests' hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ovpipe.calculators.llm.generation.deadlines import TokenDeadlines
from ovpipe.errors import RequestError

SOON, NEVER = 0.001, 3600.0


async def arriving(*tokens: str) -> AsyncIterator[str]:
    """These at once, and then nothing more, ever."""
    for token in tokens:
        yield token
    await asyncio.get_running_loop().create_future()


async def watched(deadlines: TokenDeadlines, *tokens: str) -> tuple[list[str], RequestError]:
    """What arrives in time, and the error after it. An empty text is a sign of life without a token."""
    arrived: list[str] = []
    with pytest.raises(RequestError) as raised:
        async for token in deadlines.watch(arriving(*tokens), bool):
            arrived.append(token)
    return arrived, raised.value


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        ([], "first_token_timeout"),
        ([""], "first_token_timeout"),
        (["", "a"], "token_timeout"),
        (["a", ""], "token_timeout"),
    ],
)
def test_the_first_and_each_next_token_have_their_time(tokens: list[str], code: str) -> None:
    arrived, error = asyncio.run(watched(TokenDeadlines(SOON, SOON), *tokens))
    assert (arrived, error.status, error.code) == (tokens, 503, code)


def test_each_limit_stands_alone() -> None:
    assert asyncio.run(watched(TokenDeadlines(SOON, None)))[1].code == "first_token_timeout"
    assert asyncio.run(watched(TokenDeadlines(None, SOON), "a"))[1].code == "token_timeout"
    assert asyncio.run(watched(TokenDeadlines(NEVER, SOON), "a", "b"))[1].code == "token_timeout"


def test_the_end_of_the_tokens_is_no_error() -> None:
    async def two() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    async def all_of() -> list[str]:
        return [token async for token in TokenDeadlines(NEVER, NEVER).watch(two(), bool)]

    assert asyncio.run(all_of()) == ["a", "b"]


def test_a_slow_reader_costs_no_token_its_time() -> None:
    async def read_slowly() -> list[str]:
        arrived = []
        async for token in TokenDeadlines(NEVER, SOON).watch(arriving("a", "b", "c"), bool):
            arrived.append(token)
            if token == "c":
                return arrived
            await asyncio.sleep(10 * SOON)  # while the next token is there
        return arrived

    assert asyncio.run(read_slowly()) == ["a", "b", "c"]


def test_without_limits_nothing_stands_in_between() -> None:
    tokens = arriving("a")
    assert TokenDeadlines(None, None).watch(tokens, bool) is tokens


def test_a_limit_is_above_0() -> None:
    with pytest.raises(ValueError, match="first_token_seconds is 0; it is in seconds and above 0, or null"):
        TokenDeadlines(0, None)
