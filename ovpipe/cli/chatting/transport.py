"""Transport: how a question reaches a model and the bytes of its answer come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from ovpipe.cli.logs import CONTROLS
from ovpipe.errors import OvpipeError


class ChatError(OvpipeError):
    """A conversation cannot begin, or one of its turns has failed.

    The message is for the user. It has one line, whatever a server has put into it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()).translate(CONTROLS))


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A response that has begun. `pieces` are the bytes of its body, cut anywhere."""

    status: int
    media_type: str
    pieces: AsyncIterator[bytes]


class Transport(Protocol):
    """One model, and how to ask it. All calls are made on one event loop."""

    @property
    def model(self) -> str:
        """The model's name in requests; known after `open`."""

    @property
    def place(self) -> str:
        """Where the model is, for people."""

    async def open(self) -> None:
        """Makes the model ready for questions; raises ChatError when it cannot."""

    def post(self, body: Mapping[str, Any]) -> AbstractAsyncContextManager[ChatResponse]:
        """The response to a chat completion's body; ChatError when there is none, or it breaks off.

        Leaving the block before the response's end stops the answer.
        """

    async def close(self) -> None:
        """Frees everything, whether `open` was called, has ended, or not."""
