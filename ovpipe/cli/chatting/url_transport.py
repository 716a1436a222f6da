"""UrlTransport: questions to a server of OpenAI's API, ovpipe's or another."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import aiohttp
import msgspec

from ovpipe.cli.chatting.asking import JSON, refusal, whole_body
from ovpipe.cli.chatting.transport import ChatError, ChatResponse
from ovpipe.errors import nearest

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 600.0
"""The longest wait for the next byte: a long prompt may take minutes on a slow machine."""
VERSIONED = re.compile(r".*/v\d+[a-z0-9]*$")
AUTHENTICATION = (401, 403)
LISTED = 40
"""How many models a message names; some servers have hundreds."""


class UrlTransport:
    """The model of that name at a base URL, with or without /v1; without a name, the server's first model."""

    def __init__(
        self,
        url: str,
        model: str | None = None,
        api_key: str | None = None,
        *,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self.place = url.rstrip("/")
        self._base = self.place if VERSIONED.match(self.place) else f"{self.place}/v1"
        self._wanted = model
        self._headers = {"User-Agent": f"ovpipe/{version('ovpipe')}"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._silent_seconds = silent_seconds
        self._session: aiohttp.ClientSession | None = None
        self.model = model or ""

    async def open(self) -> None:
        """Finds the model in the server's list."""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=self._silent_seconds
        )
        # Each turn has its own connection: the server may close a kept one just when it is used again.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            headers=self._headers,
            timeout=timeout,
            trust_env=True,
        )
        names = await self._models()
        if not names:
            raise ChatError(
                f"{self.place} serves no model now: GET {self._base}/models gives an empty list. "
                "If the server is still loading, try again later"
            )
        if self._wanted is None:
            self.model = names[0]
        elif self._wanted not in names:
            near = nearest(self._wanted, names)
            remedy = f"did you mean {near!r}? It serves" if near is not None else "it serves"
            raise ChatError(f"{self.place} serves no model {self._wanted!r}; {remedy}: {_listed(names)}")

    @asynccontextmanager
    async def post(self, body: Mapping[str, Any]) -> AsyncIterator[ChatResponse]:
        """The server's response. Leaving the block before its end closes the connection."""
        async with self._asked("POST", "/chat/completions", body) as response:
            yield response

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def _models(self) -> list[str]:
        url = f"{self._base}/models"
        async with self._asked("GET", "/models") as response:
            body = await whole_body(response)
        if response.status in AUTHENTICATION:
            raise ChatError(
                f"{self.place} wants another API key; set OPENAI_API_KEY, or give --api-key. It says: "
                f"{refusal(response.status, body)}"
            )
        try:
            if response.status == 200:
                return [model.id for model in msgspec.json.decode(body, type=_Models).data]
        except msgspec.MsgspecError:
            pass
        raise ChatError(
            f"{self.place} is no server of OpenAI's API: GET {url} answers with status {response.status} and "
            f"{response.media_type or 'no Content-Type'}, not with {JSON} that lists models. "
            "--url is the base URL, as in http://localhost:8000"
        )

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> AsyncIterator[ChatResponse]:
        assert self._session is not None, "open comes first"
        url = f"{self._base}{path}"
        try:
            # Following a redirect would turn the POST into a GET, and the user should know of it.
            async with self._session.request(method, url, json=body, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise ChatError(
                        f"{url} has moved to {response.headers.get('Location', 'elsewhere')}: "
                        "give --url that server's base URL"
                    )
                yield ChatResponse(response.status, response.content_type, response.content.iter_any())
        except aiohttp.ClientConnectorError as error:
            raise ChatError(
                f"cannot connect to {url}: {_reason(error)}. Is a server listening there? "
                "`ovpipe serve` starts one"
            ) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise ChatError(
                f"cannot connect to {url}: no answer within {CONNECT_SECONDS:g} s. Is the address right?"
            ) from error
        except TimeoutError as error:
            raise ChatError(
                f"{url}: the server has sent nothing for {self._silent_seconds:g} s; the answer has failed"
            ) from error
        except aiohttp.InvalidURL as error:
            raise ChatError(f"{url} is no URL: {error}") from error
        except aiohttp.ClientError as error:
            raise ChatError(f"{url}: the connection broke off: {error}") from error


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _reason(error: aiohttp.ClientConnectorError) -> str:
    """The system's message for an error number, where there is one."""
    number = error.errno
    return os.strerror(number) if number is not None and number > 0 else str(error.strerror or error)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]
