"""Many chats at once: each gets the text it would have got alone, whoever leaves beside it."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import aiohttp
import pytest

from tests.end_to_end.clients import unbounded_session
from tests.end_to_end.figures import figure
from tests.end_to_end.models import SERVE
from tests.serving.server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.alone]

WORDS = ("graph", "node", "stream", "packet", "token", "engine", "queue", "batch", "cache", "text", "model")


def prompt(index: int, words: int) -> str:
    """A prompt of about so many tokens, like no other."""
    chooser = random.Random(index)
    return " ".join([f"{index}", *(chooser.choice(WORDS) for _ in range(words))])


def body_of(index: int, *, stream: bool) -> dict[str, Any]:
    """Request `index` of 128: 5 to 500 tokens of prompt, at least 64 tokens of greedy answer."""
    return {
        "model": "chat",
        "messages": [{"role": "user", "content": prompt(index, 1 + (index * 37) % 64 * 6)}],
        "temperature": 0,
        "max_tokens": 64 + index % 32,
        "ignore_eos": True,
        "stream": stream,
    }


async def answer(session: aiohttp.ClientSession, url: str, index: int, *, stream: bool) -> str:
    """The text of one chat."""
    async with session.post(f"{url}/v1/chat/completions", json=body_of(index, stream=stream)) as response:
        assert response.status == 200, await response.text()
        if not stream:
            text: str = (await response.json())["choices"][0]["message"]["content"]
            return text
        pieces = []
        async for line in response.content:
            if line.startswith(b"data: {"):
                event = json.loads(line[6:])
                assert "error" not in event
                pieces += [choice["delta"].get("content", "") for choice in event["choices"]]
        return "".join(pieces)


async def prompt_tokens(session: aiohttp.ClientSession, url: str, index: int) -> int:
    """How long a chat's prompt is."""
    body = {**body_of(index, stream=False), "max_tokens": 1}
    async with session.post(f"{url}/v1/chat/completions", json=body) as response:
        count: int = (await response.json())["usage"]["prompt_tokens"]
        return count


async def leave_early(session: aiohttp.ClientSession, url: str, index: int) -> None:
    """A client that leaves: before the first byte of the answer, or after a few, streaming or not."""
    stream = index % 8 != 0
    posting = session.post(f"{url}/v1/chat/completions", json=body_of(index, stream=stream))
    try:
        async with asyncio.timeout(0.02 + 0.01 * (index % 7)), posting as response:
            async for _ in response.content:
                pass
    except TimeoutError:
        pass


def test_64_chats_at_once_get_the_texts_they_get_alone_while_others_leave() -> None:
    async def scenario() -> None:
        with ServerProcess("chat", *SERVE) as server:
            server.wait_ready()
            async with unbounded_session() as session:
                alone = [await answer(session, server.url, index, stream=False) for index in range(64)]
                together, *_ = await asyncio.gather(
                    asyncio.gather(
                        *(answer(session, server.url, index, stream=index % 2 == 0) for index in range(64))
                    ),
                    *(
                        leave_early(session, server.url, index)
                        if index % 4 == 0
                        else answer(session, server.url, index, stream=index % 2 == 1)
                        for index in range(64, 128)
                    ),
                )
                lengths = [await prompt_tokens(session, server.url, index) for index in range(64)]
            assert min(lengths) < 20
            assert 400 < max(lengths) <= 500
            assert together == alone
            assert len(set(alone)) == 64
            assert figure(server.url, "engine_max_running", "chat") >= 16

    asyncio.run(scenario())
