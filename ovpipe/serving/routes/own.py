"""What the server answers itself: who it is, models, health, metrics, and its own description."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version as version_of_package
from typing import Any, Final, NoReturn

import msgspec
from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.metrics.page import Metrics
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.openapi import docs_page
from ovpipe.serving.openapi.document import OpenApi
from ovpipe.serving.routes.config import ConfigRoutes
from ovpipe.serving.routes.debug import RUN, RUNS, DebugRoutes
from ovpipe.serving.routes.health import LIVE, READY
from ovpipe.serving.routes.model_list import entries, entry, of_variant
from ovpipe.serving.routes.patterns import VERSIONS, PathPattern, tidied

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
Expect = Callable[[web.Request], Awaitable[web.StreamResponse | None]]

MODEL: Final = PathPattern.of("/models/{:path}")


class OwnRoutes:
    """The server's own paths: all but one are read by GET or HEAD, and nothing else."""

    def __init__(
        self,
        repository: Repository,
        in_flight: InFlight,
        metrics: Metrics,
        config: ConfigRoutes,
        *,
        asks_for_key: bool,
    ) -> None:
        self._repository = repository
        self._in_flight = in_flight
        self._metrics = metrics
        self._openapi = OpenApi(repository, asks_for_key=asks_for_key)
        self._debug = DebugRoutes(repository)
        self._version = version_of_package("ovpipe")
        self._by_path: dict[str, Answer] = {
            "/": self._name,
            "/version": self._version_alone,
            "/metrics": self._metrics_page,
            "/openapi.json": self._description,
            **dict.fromkeys(LIVE, self._live),
            **dict.fromkeys(READY, self._ready),
            **dict.fromkeys([f"{version}/models" for version in VERSIONS], self._models),
            **dict.fromkeys([f"{version}/config" for version in VERSIONS], config.show),
            **docs_page.pages(),
            **self._debug.by_path(),
        }
        self._posted = {f"{version}/config/reload": config.reload for version in VERSIONS}

    def add_to(self, router: web.UrlDispatcher, expect: Expect) -> None:
        """Adds all of them; `expect` answers an Expect header."""
        for path, answer in self._by_path.items():
            add(router, path, answer, expect)
        for path, answer in self._posted.items():
            router.add_post(path, answer, expect_handler=expect)
            router.add_route("*", path, posted_only(answer), expect_handler=expect)
        for version in VERSIONS:
            add(router, version + "/models/{name:.+}", self._model, expect)
        add(router, RUN, self._debug.run, expect)

    def find(self, path: str) -> Answer | None:
        """What answers a tidied path, whatever its method."""
        if path in self._by_path or model_named(path) is not None:
            answer = self._by_path.get(path, self._model)
            return read_only(answer)
        if path in self._posted:
            return posted_only(self._posted[path])
        return read_only(self._debug.run) if path.startswith(f"{RUNS}/") else None

    async def _name(self, _: web.Request) -> web.Response:
        return _json(
            {"name": "ovpipe", "version": self._version, "docs": "/docs", "openapi": "/openapi.json"}
        )

    async def _version_alone(self, _: web.Request) -> web.Response:
        return _json({"version": self._version})

    async def _models(self, _: web.Request) -> web.Response:
        return _json({"object": "list", "data": list(entries(self._repository))})

    async def _model(self, request: web.Request) -> web.Response:
        name = model_named(tidied(request.rel_url.path_safe))
        assert name is not None
        model, variant = self._repository.resolve(name)
        if not model.takes_requests:
            model.ready()  # says why
        own = entry(model)
        return _json(own if variant is None else of_variant(own, variant))

    async def _live(self, _: web.Request) -> web.Response:
        return _json({"status": "live"})

    async def _ready(self, _: web.Request) -> web.Response:
        states = self._repository.states()
        if self._in_flight.draining:
            return _json({"status": "draining", "models": states}, status=503)
        if all(state.is_ready for state in states.values()):
            return _json({"status": "ready", "models": states})
        return _json({"status": "not ready", "models": states}, status=503)

    async def _metrics_page(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _description(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._openapi.text(), content_type="application/json", charset="utf-8")


def add(router: web.UrlDispatcher, path: str, answer: Answer, expect: Expect) -> None:
    """Adds a path that is only read; other methods are refused here, before the table is asked."""
    router.add_get(path, answer, expect_handler=expect)
    router.add_route("*", path, _refuse_method, expect_handler=expect)


def read_only(answer: Answer) -> Answer:
    """The answer to GET and HEAD; other methods are refused."""

    async def answered(request: web.Request) -> web.StreamResponse:
        return await (answer if request.method in ("GET", "HEAD") else _refuse_method)(request)

    return answered


def posted_only(answer: Answer) -> Answer:
    """The answer to POST; other methods are refused."""

    async def answered(request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            raise web.HTTPMethodNotAllowed(request.method, ("POST",))
        return await answer(request)

    return answered


def model_named(path: str) -> str | None:
    """The name in a tidied path of one model; None for any other path."""
    for version in VERSIONS:
        found = MODEL.match(path.removeprefix(version)) if path.startswith(f"{version}/") else None
        if found is not None:
            return found[0]
    return None


async def _refuse_method(request: web.Request) -> NoReturn:
    raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD"))


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type="application/json", charset="utf-8"
    )
