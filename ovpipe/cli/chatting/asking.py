"""One question asked: a response's bytes become the parts of an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from ovpipe.cli.chatting.answer import Answer, Part, message_of
from ovpipe.cli.chatting.event_decoder import EventDecoder
from ovpipe.cli.chatting.transport import ChatError, ChatResponse, Transport

EVENT_STREAM = "text/event-stream"
JSON = "application/json"
DONE = "[DONE]"
MAX_BODY_BYTES = 16 * 1024 * 1024
SHOWN = 200
"""How many characters of an unknown body a message shows."""


async def ask(transport: Transport, body: Mapping[str, Any]) -> AsyncGenerator[Part]:
    """The answer's parts as they come; ChatError when the server refuses, fails or breaks off."""
    answer = Answer()
    async with transport.post(body) as response, aclosing(_chunks(response, transport.place)) as chunks:
        async for chunk in chunks:
            for part in answer.read(chunk):
                yield part
        for part in answer.end():
            yield part


async def _chunks(response: ChatResponse, place: str) -> AsyncGenerator[str | bytes]:
    if response.status != 200:
        raise ChatError(refusal(response.status, await whole_body(response)))
    if response.media_type == JSON:  # of a server that does not stream
        yield await whole_body(response)
    elif response.media_type == EVENT_STREAM:
        decoder = EventDecoder()
        async for piece in response.pieces:
            for data in decoder.feed(piece):
                if data == DONE:
                    return
                yield data
    else:
        raise ChatError(
            f"{place} answers with {response.media_type or 'no Content-Type'} where {EVENT_STREAM} is due; "
            "it does not speak OpenAI's API"
        )


async def whole_body(response: ChatResponse) -> bytes:
    """All of a body that is not streamed, within a bound."""
    body = b""
    async for piece in response.pieces:
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise ChatError(f"the answer is larger than {MAX_BODY_BYTES} bytes")
    return body


def refusal(status: int, body: bytes) -> str:
    """A message from a status and its body: the error's own message where it has one."""
    text = body.decode(errors="replace").strip()
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        return f"status {status}: {text[:SHOWN] or 'no message'}"
    return f"{message_of(error)} (status {status})"
