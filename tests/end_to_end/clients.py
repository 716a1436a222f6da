"""Many clients at once, over real connections."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp


async def deltas(
    session: aiohttp.ClientSession, url: str, body: dict[str, Any]
) -> AsyncGenerator[dict[str, Any]]:
    """The events of a streamed answer, an error event included."""
    async with session.post(url, json={**body, "stream": True}) as response:
        assert response.status == 200, await response.text()
        async for line in response.content:
            if line.startswith(b"data: ") and line != b"data: [DONE]\n":
                yield json.loads(line[6:])


async def streamed_text(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> str:
    """The whole text of a streamed completion."""
    texts = []
    async for event in deltas(session, url, body):
        assert "error" not in event, event
        texts += [choice["text"] for choice in event["choices"]]
    return "".join(texts)


async def whole_text(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> str:
    """The text of a completion in one piece."""
    async with session.post(url, json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        text: str = answer["choices"][0]["text"]
        return text


def unbounded_session() -> aiohttp.ClientSession:
    """A session with as many connections as there are requests."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
    )
