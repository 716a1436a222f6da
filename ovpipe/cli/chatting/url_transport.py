"""UrlTransport: a server that speaks OpenAI's API, ovpipe's or anyone's."""

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
from ovpipe.cli.chatting.transport import ChatError, Response
from ovpipe.errors import nearest

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 600.0
"""Longest wait for the next byte: a long prompt may take minutes on a slow machine."""
VERSIONED = re.compile(r".*/v\d+[a-z0-9]*$")
AUTHENTICATION = (401, 403)
LISTED = 40
"""Models named at most; some servers have hundreds."""


class UrlTransport:
    """The model of that name behind a base URL, with or without its /v1; without a name, the first one."""

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
        """Finds the model among those that the server names."""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=self._silent_seconds
        )
        # A connection a turn: one that was kept may be closed by the server just as it is used again.
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
                "A server that is still loading has its models later"
            )
        if self._wanted is None:
            self.model = names[0]
        elif self._wanted not in names:
            near = nearest(self._wanted, names)
            remedy = f"did you mean {near!r}? It serves" if near is not None else "it serves"
            raise ChatError(f"{self.place} serves no model {self._wanted!r}; {remedy}: {_listed(names)}")

    @asynccontextmanager
    async def post(self, body: Mapping[str, Any]) -> AsyncIterator[Response]:
        """The server's response; the connection is closed when the block is left before its end."""
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
    ) -> AsyncIterator[Response]:
        assert self._session is not None, "open comes first"
        url = f"{self._base}{path}"
        try:
            # A redirect would turn the POST into a GET, and is the user's to know of.
            async with self._session.request(method, url, json=body, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise ChatError(
                        f"{url} has moved to {response.headers.get('Location', 'elsewhere')}: "
                        "give --url that server's base URL"
                    )
                yield Response(response.status, response.content_type, response.content.iter_any())
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
                f"{url}: nothing has come for {self._silent_seconds:g} s; the answer is given up"
            ) from error
        except aiohttp.InvalidURL as error:
            raise ChatError(f"{url} is no URL: {error}") from error
        except aiohttp.ClientError as error:
            raise ChatError(f"{url}: the connection broke off: {error}") from error


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _reason(error: aiohttp.ClientConnectorError) -> str:
    """The system's words where there are some."""
    number = error.errno
    return os.strerror(number) if number is not None and number > 0 else str(error.strerror or error)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]
