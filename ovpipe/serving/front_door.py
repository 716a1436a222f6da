"""The front door: HTTP in, one run of the named model's graph, HTTP out. It knows no calculator."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.serving import docs_page
from ovpipe.serving.body import check_content_type, parse_body
from ovpipe.serving.exchange import CLIENT_LEFT, Exchange
from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.limits import Limits
from ovpipe.serving.metrics import Figures
from ovpipe.serving.model import Model, ModelState
from ovpipe.serving.openai_errors import (
    body_too_large,
    error_response,
    internal_error,
    unknown_url,
    wrong_method,
)
from ovpipe.serving.openapi import OpenApi
from ovpipe.serving.repository import Repository

log = logging.getLogger(__name__)

VERSIONS = ("/v1", "/v3")
INFERENCE_PATHS = ("/chat/completions", "/completions")


class FrontDoor:
    """The routes of one server."""

    def __init__(self, repository: Repository, in_flight: InFlight, limits: Limits) -> None:
        self._repository = repository
        self._in_flight = in_flight
        self._limits = limits
        self._figures = Figures(repository)
        self._openapi = OpenApi(repository, VERSIONS, INFERENCE_PATHS)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=self._limits.body_bytes, middlewares=[errors_as_json])
        for version in VERSIONS:
            for path in INFERENCE_PATHS:
                app.router.add_post(version + path, self._inference(path), expect_handler=self._expect)
            app.router.add_get(version + "/models", self._models)
            app.router.add_get(version + "/models/{name:.+}", self._model)
        app.on_response_prepare.append(name_server)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/openapi.json", self._description)
        docs_page.add_routes(app.router)
        return app

    # --- inference

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Asks for the body of a client that waits to be asked, unless it will not be taken."""
        if request.headers["Expect"].lower() != "100-continue":
            return error_response(
                RequestError(
                    417, "The only expectation understood is '100-continue'.", code="expectation_failed"
                )
            )
        if _announces_more_than(self._limits.body_bytes, request):
            return error_response(body_too_large(self._limits.body_bytes))
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
        return None

    def _inference(self, path: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def infer(request: web.Request) -> web.StreamResponse:
            with self._figures.request(path) as served:
                served.status = str(CLIENT_LEFT)
                try:
                    with self._in_flight.request() as ticket:
                        packet = await self._read(request, path)
                        model = self._named(packet.json)
                        served.model = model.name
                        exchange = Exchange(request, model, self._limits)
                        ticket.stop = exchange.stop
                        try:
                            return await exchange.respond(packet)
                        finally:
                            served.status = str(exchange.status)
                except RequestError as error:
                    served.status = str(error.status)
                    raise

        return infer

    async def _read(self, request: web.Request, path: str) -> HttpRequest:
        check_content_type(request.headers.get("Content-Type"))
        if _announces_more_than(self._limits.body_bytes, request):
            raise body_too_large(self._limits.body_bytes)
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise body_too_large(self._limits.body_bytes) from None
        except web.RequestPayloadError:
            raise RequestError(
                400,
                "The request body cannot be decoded: it is cut short or not in its Content-Encoding.",
                code="invalid_body",
            ) from None
        except TimeoutError:
            raise RequestError(
                408, "The request body did not arrive in time.", code="request_timeout"
            ) from None
        json = await parse_body(body)
        return HttpRequest(request.method, path, _headers(request), body, json)

    def _named(self, json: Mapping[str, Any]) -> Model:
        name = json.get("model")
        if not isinstance(name, str) or not name:
            raise RequestError(
                400,
                "'model' is required and must be the name of a model, a string.",
                code="missing_required_parameter" if name is None else "invalid_type",
                param="model",
            )
        return self._repository.find(name)

    # --- models, health, figures, documentation

    async def _models(self, _: web.Request) -> web.Response:
        return _json(
            {"object": "list", "data": [_described(model) for model in self._repository.available()]}
        )

    async def _model(self, request: web.Request) -> web.Response:
        model = self._repository.find(request.match_info["name"])
        model.ready_graph()
        return _json(_described(model))

    async def _live(self, _: web.Request) -> web.Response:
        return _json({"status": "live"})

    async def _ready(self, _: web.Request) -> web.Response:
        states = self._repository.states()
        if self._in_flight.draining:
            return _json({"status": "draining", "models": states}, status=503)
        if all(state is ModelState.AVAILABLE for state in states.values()):
            return _json({"status": "ready", "models": states})
        return _json({"status": "not ready", "models": states}, status=503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._figures.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _description(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._openapi.text(), content_type="application/json", charset="utf-8")


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Whatever goes wrong before a response has begun becomes an error object."""
    try:
        return await handler(request)
    except RequestError as error:
        response = error_response(error)
        if error.code == "shutting_down":
            response.force_close()
    except web.HTTPMethodNotAllowed as error:
        response = error_response(wrong_method(error.allowed_methods))
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    except web.HTTPNotFound:
        response = error_response(unknown_url())
    except web.HTTPException as error:
        response = error_response(RequestError(error.status, f"{error.reason}."))
    except ConnectionError:
        raise
    except Exception as error:
        log.error("a request to %r failed: %r", request.path, error, exc_info=error)
        response = error_response(internal_error())
    return response


async def name_server(_: web.Request, response: web.StreamResponse) -> None:
    """Says ovpipe, where aiohttp would tell its own and Python's version."""
    response.headers["Server"] = "ovpipe"


def _announces_more_than(limit: int, request: web.Request) -> bool:
    return request.content_length is not None and request.content_length > limit


def _headers(request: web.Request) -> dict[str, str]:
    """Lower-case names; a header that came several times is one, joined as HTTP says."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _described(model: Model) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": "ovpipe"}


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json", charset="utf-8"
    )
