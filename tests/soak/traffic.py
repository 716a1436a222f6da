"""Mixed traffic: what clients send, good and bad, and how they behave."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.soak.outcomes import BUSY, UNAVAILABLE, Outcomes

STEADY, OWN, GRAMMARS, VICTIM = "steady", "own", "grammars", "victim"
WORDS = (
    "lantern",
    "river",
    "stone",
    "paper",
    "garden",
    "window",
    "letter",
    "bridge",
    "winter",
    "morning",
)
PAGES = ("/health", "/health/ready", "/v1/models", "/metrics", "/openapi.json", "/v1/config", "/debug/graphs")
READINESS = ("/health", "/health/ready")
"""They are 503 while a model is not there."""
GOOD = frozenset({"200"}) | BUSY
LEFT = frozenset({"left"})


class Client:
    """One client that does one thing after another, each chosen by chance, until it is stopped."""

    def __init__(self, url: str, session: aiohttp.ClientSession, seed: int, outcomes: Outcomes) -> None:
        self.url = url
        self.session = session
        self.outcomes = outcomes
        self.random = random.Random(seed)
        self.stopped = False
        self._kinds: dict[Callable[[], Awaitable[None]], int] = {
            self.stream: 6,
            self.whole: 4,
            self.choices: 2,
            self.conversation: 2,
            self.long_prompt: 2,
            self.tools: 3,
            self.new_grammar: 4,
            self.bad_body: 5,
            self.compressed: 1,
            self.page: 3,
            self.leaves_in_headers: 1,
            self.leaves_in_body: 1,
            self.leaves_before_tokens: 2,
            self.leaves_in_stream: 3,
            self.stops_reading: 1,
            self.garbage: 1,
        }

    async def work(self) -> None:
        """Until it is stopped."""
        kinds, weights = list(self._kinds), list(self._kinds.values())
        while not self.stopped:
            kind = self.random.choices(kinds, weights)[0]
            try:
                async with asyncio.timeout(180):
                    await kind()
            except (OSError, aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
                self.outcomes.failed(getattr(kind, "__name__", ""), error)

    # Requests that are in order.

    async def stream(self) -> None:
        """A streamed chat, read to its end."""
        await self._chat("stream", self._model(), {"stream": True})

    async def whole(self) -> None:
        """A chat in one piece."""
        await self._chat("whole", self._model(), {})

    async def choices(self) -> None:
        """Several choices, with log-probabilities."""
        await self._chat("choices", self._model(), {"n": 3, "logprobs": True, "seed": 7})

    async def conversation(self) -> None:
        """Three requests, each with all that was said before."""
        model, messages = self._model(), [self._said()]
        for _ in range(3):
            await self._chat("conversation", model, {"messages": messages})
            messages = [*messages, {"role": "assistant", "content": self._text(12)}, self._said()]

    async def long_prompt(self) -> None:
        """A prompt that fills most of the context, or is beyond it."""
        words = self.random.choice((100, 300, 4000))
        messages = [{"role": "user", "content": self._text(words)}]
        expected = GOOD if words < 1000 else frozenset({"400 context_length_exceeded"})
        await self._chat("long_prompt", self._model(), {"messages": messages, "max_tokens": 8}, expected)

    async def tools(self) -> None:
        """A call that is forced, of a function that nobody has named before."""
        parameters = {"type": "object", "properties": {self._name(): {"type": "integer"}}}
        tool = {"type": "function", "function": {"name": self._name(), "parameters": parameters}}
        await self._chat("tools", GRAMMARS, {"tools": [tool], "tool_choice": "required", "max_tokens": 40})

    async def new_grammar(self) -> None:
        """A schema, regular expression, choice or grammar that is new."""
        name = self._name()
        schema = {
            "type": "object",
            "properties": {name: {"type": "string", "maxLength": 8}},
            "required": [name],
        }
        wanted: dict[str, Any] = self.random.choice(
            (
                {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}},
                {"guided_regex": f"{name}-[a-f]{{1,9}}"},
                {"guided_choice": [name, self._name()]},
                {"guided_grammar": f'root ::= "{name}" [0-9]+'},
            )
        )
        model = self.random.choice((GRAMMARS, GRAMMARS, OWN))
        await self._chat("new_grammar", model, {**wanted, "max_tokens": 40})

    async def compressed(self) -> None:
        """A body in gzip, or a bomb."""
        bomb = self.random.random() < 0.3
        body = b'{"model": "' + b"a" * 20_000_000 if bomb else json.dumps(self._body(OWN, {})).encode()
        expected = frozenset({"413 request_too_large"}) if bomb else GOOD
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        await self._post("compressed", gzip.compress(body, 1), expected, headers)

    async def page(self) -> None:
        """A page of the server's own."""
        path = self.random.choice(PAGES)
        async with self.session.get(self.url + path) as response:
            await response.read()
            ready = {"200", "503"} if path in READINESS else {"200"}
            self.outcomes.add(f"page {path}", str(response.status), frozenset(ready))

    # Requests that are not.

    async def bad_body(self) -> None:
        """Something that is refused."""
        body, expected = self.random.choice(BAD_BODIES)
        await self._post("bad_body", body, frozenset(expected))

    async def garbage(self) -> None:
        """Bytes that are no HTTP."""
        reader, writer = await self._connected()
        try:
            writer.write(self.random.randbytes(200) + b"\r\n\r\n")
            writer.write_eof()
            answer = await reader.read()
            self.outcomes.add("garbage", answer[9:12].decode("latin-1"), frozenset({"400", ""}))
        finally:
            writer.close()

    # Clients that leave.

    async def leaves_in_headers(self) -> None:
        """Half of the headers."""
        await self._leave("leaves_in_headers", self._request()[:60])

    async def leaves_in_body(self) -> None:
        """Half of the body."""
        await self._leave("leaves_in_body", self._request()[:-20])

    async def leaves_before_tokens(self) -> None:
        """A whole request, and gone."""
        await self._leave("leaves_before_tokens", self._request())

    async def leaves_in_stream(self) -> None:
        """A few tokens are read."""
        await self._leave("leaves_in_stream", self._request(), self.random.randint(1, 3000))

    async def stops_reading(self) -> None:
        """The answer begins, and is not read for a while."""
        await self._leave("stops_reading", self._request(), 100, pause=5)

    # How it is sent.

    async def _chat(
        self, kind: str, model: str, more: dict[str, Any], expected: frozenset[str] = GOOD
    ) -> None:
        body = json.dumps(self._body(model, more)).encode()
        await self._post(kind, body, expected | UNAVAILABLE if model == VICTIM else expected)

    async def _post(
        self, kind: str, body: bytes, expected: frozenset[str], headers: dict[str, str] | None = None
    ) -> None:
        url = f"{self.url}/v1/chat/completions"
        headers = headers or {"Content-Type": "application/json"}
        async with self.session.post(url, data=body, headers=headers) as response:
            answer = await response.read()
        self.outcomes.add(kind, outcome(response.status, answer), expected)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = urlsplit(self.url)
        return await asyncio.open_connection(address.hostname, address.port)

    async def _leave(self, kind: str, request: bytes, read: int = 0, pause: float = 0.0) -> None:
        reader, writer = await self._connected()
        try:
            writer.write(request)
            await writer.drain()
            if read:
                await reader.read(read)
            await asyncio.sleep(pause or self.random.random() * 0.2)
        finally:
            writer.transport.abort()
        self.outcomes.add(kind, "left", LEFT)

    def _request(self) -> bytes:
        more = {"stream": self.random.random() < 0.7, "max_tokens": 200, "ignore_eos": True}
        body = json.dumps(self._body(self._model(), more)).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"Content-Type: application/json\r\n\r\n" + body

    def _body(self, model: str, more: dict[str, Any]) -> dict[str, Any]:
        tokens = self.random.randint(4, 60)
        return {"model": model, "messages": [self._said()], "max_tokens": tokens, **more}

    def _model(self) -> str:
        return self.random.choices((STEADY, OWN, VICTIM), (3, 3, 2))[0]

    def _said(self) -> dict[str, str]:
        return {"role": "user", "content": self._text(self.random.randint(3, 40))}

    def _text(self, words: int) -> str:
        return " ".join(self.random.choices(WORDS, k=words))

    def _name(self) -> str:
        return self.random.choice(WORDS) + format(self.random.getrandbits(48), "x")


def outcome(status: int, answer: bytes) -> str:
    """The status, and the code of an error; of an error in a stream, too."""
    if status >= 400:
        return f"{status} {json.loads(answer)['error']['code']}"
    for line in answer.splitlines():
        if line.startswith(b'data: {"error"'):
            return f"event {json.loads(line[6:])['error']['code']}"
    return str(status)


def _bad(body: dict[str, Any]) -> bytes:
    return json.dumps({"model": OWN, "messages": [{"role": "user", "content": "Hello"}], **body}).encode()


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}}


REFUSED_GRAMMAR = ("400 invalid_grammar", "400 invalid_json_schema", "400 request_refused")
BAD_BODIES: tuple[tuple[bytes, tuple[str, ...]], ...] = (
    (b"", ("400 invalid_body",)),
    (b"{" * 500, ("400 invalid_body",)),
    (b'{"model": "own", "x": NaN}', ("400 invalid_body",)),
    (b'{"model": "\xff"}', ("400 invalid_body",)),
    (b'{"a":1' + b" " * 5_000_000 + b"}", ("413 request_too_large",)),
    (_bad({"model": "nobody"}), ("404 model_not_found",)),
    (_bad({"messages": [{}]}), ("400 missing_required_parameter",)),
    (_bad({"max_tokens": -1}), ("400 invalid_value",)),
    (_bad({"temperature": "hot"}), ("400 invalid_type",)),
    (_bad({"n": 10**9}), ("400 invalid_value",)),
    (_bad({"stop": ["x"] * 99}), ("400 invalid_value",)),
    (_bad(_schema({"$ref": "http://127.0.0.1/schema.json"})), REFUSED_GRAMMAR),
    (_bad({"guided_regex": "a{99999999999}"}), REFUSED_GRAMMAR),
    (_bad({"guided_grammar": "root ::= root"}), REFUSED_GRAMMAR),
)
