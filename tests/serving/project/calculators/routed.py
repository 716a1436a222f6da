"""Calculators with routes of their own: a thing by its id, KServe's inference, an upload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RequestError
from ovpipe.http import FormData, HttpRequest, ModelIn, ResponseBody, ResponsePart, ResponseStart, Route
from ovpipe.http_errors import ErrorResponse, json_error
from ovpipe.ports import Input, Output, SideInput, SideOutput
from ovpipe.registry import register

JSON = {"content-type": "application/json"}


@register
class ThingCalculator(Calculator):
    """Tells everything it knows of a request for a thing; `none` is not there, `nothing` has no body."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        return [Route("GET", "/v1/things/{id}"), Route("GET", "/v1/things/first")]

    def process(self, cx: Context) -> None:
        request = cx[self.request]
        if request.path_parameters.get("id") == "none":
            raise RequestError(404, "There is no such thing.", code="no_thing")
        told = {
            "method": request.method,
            "path": request.path,
            "parameters": dict(request.path_parameters),
            "query": {name: list(values) for name, values in request.query.items()},
            "headers": dict(request.headers),
        }
        status = 204 if request.path_parameters.get("id") == "nothing" else 200
        cx.send(self.response, ResponseStart(status, JSON))
        cx.send(self.response, ResponseBody(json.dumps(told).encode()))


@dataclass(frozen=True, slots=True)
class KServeErrors:
    """KServe's: {"error": "..."}; its streams have no events for errors."""

    schema_name = "KServeError"
    schema = MappingProxyType(
        {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    )

    def response(self, error: RequestError) -> ErrorResponse:
        return json_error(error, {"error": error.message})

    def event(self, error: RequestError) -> None:
        return None


@register
class ReadinessCalculator(Calculator):
    """Is open once a file is there."""

    ready = SideOutput[bool]()

    def __init__(self, *, gate: str = "") -> None:
        self.gate = Path(gate) if gate else None

    async def open(self, cx: Context) -> None:
        async with asyncio.timeout(30):
            while self.gate is not None and not await asyncio.to_thread(self.gate.exists):
                await asyncio.sleep(0.01)  # a bounded poll for what a test does
        cx.set_side(self.ready, True)


@register
class InferCalculator(Calculator):
    """Answers how many inputs it got. More than 9 are refused; a stream of them breaks off."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)
    ready = SideInput[bool]()

    def routes(self) -> Sequence[Route]:
        return [
            Route(
                "POST",
                "/v2/models/{name:path}/infer",
                body="json",
                body_bytes=1000,
                model=ModelIn("path", "name"),
                errors=KServeErrors(),
            )
        ]

    def openapi(self) -> Mapping[str, Any]:
        response = {"description": "How many inputs there were."}
        return {"paths": {"/v2/models/{name}/infer": {"post": {"responses": {"200": response}}}}}

    async def process(self, cx: Context) -> None:
        request = cx[self.request]
        count = len(request.json["inputs"])
        if count > 9:
            raise RequestError(422, "There are more than 9 inputs.", code="too_many")
        if request.json.get("stream"):
            cx.send(self.response, ResponseStart(200, {"content-type": "text/event-stream"}))
            cx.send(self.response, ResponseBody(b"data: 0\n\n"))
            await cx.drain()
            raise RequestError(500, "The rest is lost.")
        told = {"model": request.path_parameters["name"], "path": request.path, "inputs": count}
        cx.send(self.response, ResponseStart(200, JSON))
        cx.send(self.response, ResponseBody(json.dumps(told).encode()))


@register
class UploadCalculator(Calculator):
    """Answers what a form held, files by their sizes and digests."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/v1/uploads", body="multipart", body_bytes=2_000_000, model=ModelIn("form")),
            Route("PUT", "/v1/blobs/{id}", body="bytes", body_bytes=10, model=ModelIn("query")),
        ]

    def process(self, cx: Context) -> None:
        request = cx[self.request]
        form = request.form or FormData()
        files = [
            [file.name, file.filename, file.content_type, len(file.data), sha256(file.data).hexdigest()]
            for file in form.files
        ]
        told = {"fields": dict(form.fields), "files": files, "body": request.body.decode()}
        cx.send(self.response, ResponseStart(200, JSON))
        cx.send(self.response, ResponseBody(json.dumps(told).encode()))


@register
class AllPlacesCalculator(Calculator):
    """Tells where its requests name their model: in a body, a form or a query."""

    request = Input[HttpRequest]()
    response = Output[ResponsePart](streaming=True)

    def routes(self) -> Sequence[Route]:
        return [
            Route("POST", "/v1/chat/completions", body="json", model=ModelIn("body")),
            Route("POST", "/v1/uploads", body="multipart", model=ModelIn("form")),
            Route("PUT", "/v1/blobs/{id}", body="bytes", model=ModelIn("query")),
        ]

    def process(self, cx: Context) -> None:
        request = cx[self.request]
        form = request.form or FormData()
        told = {"json": request.json, "fields": dict(form.fields), "query": dict(request.query)}
        cx.send(self.response, ResponseStart(200, JSON))
        cx.send(self.response, ResponseBody(json.dumps(told).encode()))
