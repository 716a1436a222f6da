"""What the server answers itself: models, health, metrics, and its own description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.metrics import Metrics
from ovpipe.serving.models.model import Model, ModelState
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.openapi import docs_page
from ovpipe.serving.openapi.document import OpenApi
from ovpipe.serving.routes.patterns import VERSIONS


class OwnRoutes:
    """The server's own paths: they are read by GET or HEAD, and nothing else."""

    def __init__(self, repository: Repository, in_flight: InFlight, metrics: Metrics) -> None:
        self._repository = repository
        self._in_flight = in_flight
        self._metrics = metrics
        self._openapi = OpenApi(repository)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds all of them."""
        for version in VERSIONS:
            add(router, version + "/models", self._models)
            add(router, version + "/models/{name:.+}", self._model)
        add(router, "/health/live", self._live)
        add(router, "/health/ready", self._ready)
        add(router, "/metrics", self._metrics_page)
        add(router, "/openapi.json", self._description)
        for path, handler in docs_page.pages().items():
            add(router, path, handler)

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

    async def _metrics_page(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _description(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._openapi.text(), content_type="application/json", charset="utf-8")


def add(
    router: web.UrlDispatcher, path: str, handler: Callable[[web.Request], Awaitable[web.Response]]
) -> None:
    """Adds a path that is only read; other methods are refused here, before the table is asked."""
    router.add_get(path, handler)
    router.add_route("*", path, _refuse_method)


async def _refuse_method(request: web.Request) -> NoReturn:
    raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))


def _described(model: Model) -> dict[str, Any]:
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": "ovpipe"}


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json", charset="utf-8"
    )
