"""Calculators to talk with: each word that a user says has one way to be answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, ResponseBody, ResponsePart, ResponseStart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import register

EVENTS = {"Content-Type": "text/event-stream; charset=utf-8"}
CALL = [
    {"tool_calls": [{"index": 0, "id": "1", "function": {"name": "add", "arguments": ""}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"a": 1}'}}]},
]


@register
class WakingCalculator(Calculator):
    """Wakes when a file is there. Another file records how it ended: `cancelled` or `closed`."""

    awake = SideOutput[bool]()

    def __init__(self, *, gate: str, record: str) -> None:
        self._gate = gate
        self._record = record

    async def open(self, cx: Context) -> None:
        cx.progress("rubbing its eyes", 0.5)
        try:
            if self._gate:
                await until(Path(self._gate))
        except asyncio.CancelledError:
            note(Path(self._record), "cancelled")
            raise
        cx.set_side(self.awake, True)

    def close(self, cx: Context) -> None:
        if self._record:
            note(Path(self._record), "closed")


@register
class TalkCalculator(Calculator):
    """Answers the first word of the last message; the second is a file."""

    awake = SideInput[bool]()
    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        return [Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body"))]

    async def process(self, cx: Context) -> None:
        request = cx[self.request]
        word, _, file = request.json["messages"][-1]["content"].partition(" ")
        match word:
            case "refuse":
                raise RequestError(422, "I would rather not.", code="refused")
            case "crash":
                raise ValueError("what a mess")
            case "page":
                cx.send(self.response, ResponseStart(200, {"content-type": "text/html"}))
                return
            case "whole":
                message = {"role": "assistant", "content": "All at once."}
                answer = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
                cx.send(self.response, ResponseStart(200, {"content-type": "application/json"}))
                cx.send(self.response, ResponseBody(json.dumps(answer).encode()))
                return
        cx.send(self.response, ResponseStart(200, EVENTS))
        async for delta in deltas(word, Path(file), request):
            send_chunk(self, cx, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            await cx.drain()
        if word == "unfinished":
            return
        finish = "length" if word in ("long", "longer") else "stop"
        send_chunk(self, cx, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if word == "long":
            send_chunk(self, cx, {"choices": [], "usage": {"completion_tokens": 7}})
        cx.send(self.response, ResponseBody(b"data: [DONE]\n\n"))
        if word == "tidy":
            for _ in range(100):
                await asyncio.sleep(0)
            note(Path(file), "tidied up")


async def deltas(word: str, file: Path, request: HttpRequest) -> AsyncIterator[dict[str, Any]]:
    """What is said, bit by bit."""
    yield {"role": "assistant", "content": ""}
    match word:
        case "echo":
            yield {"content": json.dumps(request.json)}
        case "headers":
            yield {"content": json.dumps([request.path, dict(request.headers)])}
        case "think":
            for thought in ("Let me ", "see."):
                yield {"reasoning_content": thought}
            yield {"content": "Yes."}
        case "call":
            for part in CALL:
                yield part
        case "snow":
            yield {"content": "\N{SNOWMAN}"}
        case "steer":
            yield {"content": "a\x1b[2Jb\x9b1mc\rd\te"}
        case "break":
            yield {"content": "Half a"}
            raise RequestError(503, "The tongue is tied.", code="tied")
        case "slow":
            yield {"content": "One"}
            await until(file)
            yield {"content": " and two."}
        case "mute":
            note(file, "mute")
            await asyncio.Event().wait()
        case "endless":
            yield {"content": "Once upon a time"}
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                note(file, "cancelled")
                raise
        case _:
            for text in ("You said ", word, "."):
                yield {"content": text}


def send_chunk(node: TalkCalculator, cx: Context, chunk: dict[str, Any]) -> None:
    """One event."""
    cx.send(node.response, ResponseBody(b"data: " + json.dumps(chunk).encode() + b"\n\n"))


def note(file: Path, text: str) -> None:
    """Writes what a test reads."""
    file.write_text(text)


def is_there(file: Path) -> bool:
    """Whether a test has made the file."""
    return file.exists()


async def until(file: Path) -> None:
    """Waits for what a test does."""
    async with asyncio.timeout(30):
        while not is_there(file):
            await asyncio.sleep(0.005)  # a bounded poll of another process
