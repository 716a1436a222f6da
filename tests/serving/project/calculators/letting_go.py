"""A graph in two nodes, whose second looks for what is left of the request that the first has read."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.http import HttpRequest, ModelIn, ResponseBody, ResponsePart, ResponseStart, Route
from ovpipe.ports import Input, Output
from ovpipe.registry import register

MARK = "of-this-body-alone"


@register
class ReadOnceCalculator(Calculator):
    """Takes of the request no more than a number."""

    request = Input[HttpRequest]()
    count = Output[int]()

    def routes(self) -> Sequence[Route]:
        gc.freeze()  # what is loaded by now is older than any body, and need not be looked through
        return [
            Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body")),
            Route("POST", "/v1/uploads", body="multipart", model=ModelIn("form")),
            Route("POST", "/v1/blobs", body="bytes", model=ModelIn("query")),
        ]

    def process(self, cx: Context) -> None:
        cx.send(self.count, len(cx[self.request].headers))


@register
class LeftoversCalculator(Calculator):
    """Streams what it finds of the body: before the response begins, and while it streams."""

    count = Input[int]()
    response = Output[ResponsePart](streaming=True)

    async def process(self, cx: Context) -> None:
        for time in range(2):
            found = leftovers()
            if time == 0:
                cx.send(self.response, ResponseStart(200, {"content-type": "text/event-stream"}))
            cx.send(self.response, ResponseBody(f"data: {json.dumps(found)}\n\n".encode()))
            await cx.drain()


def leftovers() -> list[str]:
    """What lives of requests and their bodies: packets, and texts, bytes and trees with the mark in them."""
    gc.collect()
    tracked = gc.get_objects()
    found = [type(one).__name__ for one in tracked if isinstance(one, HttpRequest)]
    seen: set[int] = set()
    for owner in tracked:
        found += [f"{kind} of a {type(owner).__name__}" for kind in marked(owner, seen)]
    return found


def marked(owner: Any, seen: set[int]) -> Iterator[str]:
    """The kinds of what an object refers to with the mark in it; what the collector does not know is entered."""
    for one in gc.get_referents(owner):
        if isinstance(one, str):
            if MARK in one and len(one) > len(MARK):
                yield "str"
        elif isinstance(one, bytes | bytearray):
            if MARK.encode() in one:
                yield "bytes"
        elif not gc.is_tracked(one) and id(one) not in seen and isinstance(one, dict | list | tuple):
            seen.add(id(one))
            yield from marked(one, seen)
