"""Calculators that stand behind the front door in its tests, each with one way to behave."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, ResponseBody, ResponsePart, ResponseStart, Route
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import register

EVENTS = {"content-type": "text/event-stream"}
JSON = {"content-type": "application/json"}


class DoorCalculator(Calculator):
    """Answers where chats are answered."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        paths = ("/v1/chat/completions", "/v1/completions")
        model = ModelIn("body")
        return [Route("POST", path, body="json", model=model, priority="priority") for path in paths]


@register
class EchoCalculator(DoorCalculator):
    """Answers with what it was asked, and by whom: path, headers and body, as JSON."""

    def process(self, cx: Context) -> None:
        request = cx[self.request]
        told = {"path": request.path, "headers": dict(request.headers), "json": request.json}
        told["client"] = request.client.name
        cx.send(self.response, ResponseStart(200, JSON))
        cx.send(self.response, ResponseBody(json.dumps(told).encode()))


@register
class CountingDoorCalculator(DoorCalculator):
    """Streams `count` events with a pause between them; `error_after` raises in between.

    If the request names a file as its `gate`, the second event waits until there is that file.
    The request's `record` names a file that says how the run ended: `closed` or `cancelled`.
    """

    def __init__(self) -> None:
        self._record: Path | None = None
        self._ending = "closed"

    async def process(self, cx: Context) -> None:
        asked = cx[self.request].json
        if "record" in asked:
            self._record = Path(asked["record"])
            self._record.write_text("running")
        try:
            cx.send(self.response, ResponseStart(200, EVENTS if asked.get("stream", True) else JSON))
            for number in range(asked.get("count", 3)):
                if number == asked.get("error_after"):
                    raise _failure(asked.get("error", "value"))
                if number == 1 and "gate" in asked:
                    await asyncio.to_thread(_wait_for, Path(asked["gate"]))
                cx.send(self.response, ResponseBody(b"data: %d\n\n" % number))
                await cx.drain()
                await asyncio.sleep(asked.get("pause", 0))
        except asyncio.CancelledError:
            self._ending = "cancelled"
            raise

    def close(self, cx: Context) -> None:
        if self._record is not None:
            self._record.write_text(self._ending)


@register
class BadCalculator(DoorCalculator):
    """Does before its response what the request's `do` says."""

    def __init__(self) -> None:
        self._record: Path | None = None

    async def process(self, cx: Context) -> None:
        asked = cx[self.request].json
        do = asked["do"]
        if "record" in asked:
            self._record = Path(asked["record"])
            self._record.write_text("running")
        if do == "hang":
            await asyncio.Event().wait()
        elif do == "block":
            threading.Event().wait(asked["seconds"])
        elif do == "nothing":
            return
        elif do == "body first":
            cx.send(self.response, ResponseBody(b"too early"))
        elif do == "wrong type":
            cx.send(self.response, "text")  # type: ignore[misc]  # the mistake that is tested
        elif do == "bad header":
            cx.send(self.response, ResponseStart(200, {"x-broken": "a\r\nb: c"}))
        else:
            raise _failure(do)

    def close(self, cx: Context) -> None:
        if self._record is not None:
            self._record.write_text("closed")


def _failure(kind: str) -> BaseException:
    if kind in OTHERS:
        return OTHERS[kind]("secret")
    if kind == "refuse":
        return RequestError(422, "No answer to that.", code="refused", param="do")
    if kind == "busy":
        return RequestError(429, "Too many requests.", code="busy", retry_after=7)
    return ValueError("secret\n2026-01-01 00:00:00,000 INFO root: a forged line")


OTHERS = {
    kind.__name__: kind for kind in (GeneratorExit, asyncio.CancelledError, SystemExit, KeyboardInterrupt)
}
"""What is no Exception."""


def _wait_for(gate: Path) -> None:
    for _ in range(6000):
        if gate.exists():
            return
        time.sleep(0.01)  # a bounded poll for what a test does


class Lamp:
    """A side packet with metrics."""

    def metrics(self) -> Mapping[str, float]:
        """One metric."""
        return {"lamp_watts": 40}


@register
class LampCalculator(Calculator):
    """Makes a lamp, slowly or not at all."""

    lamp = SideOutput[Lamp]()

    def __init__(self, *, gate: str = "", broken: bool = False, record: str = "") -> None:
        self.gate = gate
        self.broken = broken
        self.record = record

    async def open(self, cx: Context) -> None:
        cx.progress("screwing in", 0.5)
        if self.gate:
            await asyncio.to_thread(_wait_for, Path(self.gate))
        if self.broken:
            raise OSError("the bulb is broken")
        cx.set_side(self.lamp, Lamp())

    def close(self, cx: Context) -> None:
        if self.record:
            Path(self.record).write_text("closed")


@register
class LitEchoCalculator(EchoCalculator):
    """An echo that needs a lamp."""

    lamp = SideInput[Lamp]()
