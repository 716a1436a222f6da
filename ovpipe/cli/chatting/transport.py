"""Transport: how a question reaches a model, and its answer's bytes come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ovpipe.cli.logs import CONTROLS
from ovpipe.errors import OvpipeError


class ChatError(OvpipeError):
    """A conversation cannot begin, or a turn of it has failed.

    The message is for who talks: one line, whatever a server has put into it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()).translate(CONTROLS))


@dataclass(frozen=True, slots=True)
class Response:
    """A response that has begun. `pieces` are the body's bytes, cut anywhere."""

    status: int
    media_type: str
    pieces: AsyncIterator[bytes]


class Transport(Protocol):
    """One model, and how to ask it. Everything is called on one event loop."""

    @property
    def model(self) -> str:
        """The model's name in requests; known once `open` is over."""

    @property
    def place(self) -> str:
        """Where the model is, for people."""

    async def open(self) -> None:
        """Makes the model ready to be asked; ChatError when it cannot be."""

    def post(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[Response]:
        """The response to a chat completion's body; ChatError when there is none, or it breaks off.

        Who leaves the block before the response's end has stopped the answer.
        """

    async def close(self) -> None:
        """Leaves nothing behind, whether or not `open` was called or came to its end."""
