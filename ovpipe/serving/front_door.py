"""The front door: HTTP in, one run of a graph, HTTP out. It knows no calculator, and no path but its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from aiohttp import web

from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, Route
from ovpipe.serving.admission.admission import Admission
from ovpipe.serving.admission.admitted import Admitted
from ovpipe.serving.admission.clients import client_of
from ovpipe.serving.admission.metrics import AdmissionMetrics
from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.limits import Limits
from ovpipe.serving.metrics.page import Metrics
from ovpipe.serving.models.change import Change
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.models.model import Model
from ovpipe.serving.models.model_state import ModelState
from ovpipe.serving.models.reloader import Reloader
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.refusals import (
    no_model_named,
    not_served_by,
    too_many_connections,
    unknown_expectation,
    unknown_url,
)
from ovpipe.serving.requests.connection import is_cut, is_spare
from ovpipe.serving.requests.deadline import wanted_seconds
from ovpipe.serving.requests.error_responses import ERRORS, errors_by_family, refusal_of
from ovpipe.serving.requests.exchange import Exchange
from ovpipe.serving.requests.observing import name_request, observing
from ovpipe.serving.requests.reading import check_announced, read_request
from ovpipe.serving.requests.record import CLIENT_LEFT, RECORD, RequestRecord
from ovpipe.serving.requests.turns import Turns
from ovpipe.serving.routes.config import ConfigRoutes
from ovpipe.serving.routes.named_model import name_in, priority_in, with_name
from ovpipe.serving.routes.own import OwnRoutes
from ovpipe.serving.routes.patterns import tidied
from ovpipe.serving.routes.table import ServedRoute
from ovpipe.serving.security.guard import Guard
from ovpipe.serving.telemetry.tracer import RequestTracer, traced

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FrontDoor:
    """Dispatches requests to the graphs that declare their routes."""

    def __init__(
        self,
        repository: Repository,
        in_flight: InFlight,
        limits: Limits,
        guard: Guard,
        reloader: Reloader | None = None,
        tracer: RequestTracer | None = None,
    ) -> None:
        self._repository = repository
        self._in_flight = in_flight
        self.limits = limits
        """Those in force."""
        self._guard = guard
        self._metrics = Metrics(repository)
        self._turns = Turns()
        self._tracer = tracer
        self.admission = Admission(limits, len(repository))
        self._metrics.add(AdmissionMetrics(self.admission, repository))
        if reloader is not None:
            reloader.on_change = self.take_over
        self._own = OwnRoutes(
            repository,
            in_flight,
            self._metrics,
            ConfigRoutes(repository, reloader),
            asks_for_key=guard.keys.required,
        )

    def take_over(self, change: Change) -> None:
        """Models and limits are others now."""
        self.limits = self._repository.limits
        names = [model.name for model in self._repository]
        self.admission.take_limits(self.limits, names, change.renamed)

    def application(self) -> web.Application:
        """The aiohttp application. Its router has the server's own paths; the table has all others."""
        app = web.Application(
            client_max_size=self.limits.body_bytes,
            middlewares=[observing(), errors_by_family, self._guarded],
        )
        app.on_response_prepare.extend((name_server, name_request, self._guard.say_who_may_read))
        self._own.add_to(app.router, self._expect)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._dispatch, expect_handler=self._expect)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Asks the guard about every request, whatever answers it."""
        return self._check(request) or await handler(request)

    def _check(self, request: web.Request) -> web.Response | None:
        """The answer to a preflight; raises RequestError, which its route writes, for who may not come in."""
        found = self._repository.table.find(tidied(request.rel_url.path_safe))
        endpoint = ""
        if found is not None:
            request[ERRORS] = found[0].errors_of(request.method)
            endpoint = found[0].path
        try:
            answer = self._guard.preflight(request)
            if answer is None:
                self._guard.check(request)
        except RequestError as error:
            self._metrics.refuse(endpoint, error.code or error.type)
            raise
        return answer

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        own = self._own.find(tidied(request.rel_url.path_safe))
        return await (own or self._serve)(request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if is_spare(request):
            raise too_many_connections()
        served, path, parameters = self._find(request)
        record = request[RECORD]
        record.endpoint = served.path
        with traced(self._tracer, request, record), self._metrics.request(record):
            record.status = CLIENT_LEFT
            try:
                wanted = wanted_seconds(request)
                with (
                    self._in_flight.request() as ticket,
                    self.admission.request(client_of(request), served.models, wanted) as admitted,
                ):
                    packet = await read_request(
                        request,
                        served.route,
                        path,
                        parameters,
                        self.limits,
                        self._turns,
                        admitted.hold,
                    )
                    ticket.stop = admitted.stop
                    exchange = await self._exchange(request, served, packet, record, admitted)
                    del packet
                    try:
                        response = await exchange.respond()
                    except Exception:
                        record.status = exchange.status
                        raise
                    record.status = exchange.status
                    return response
            except RequestError as error:
                refusal = refusal_of(request, error)
                record.status = CLIENT_LEFT if is_cut(request) else refusal.status  # as far as one can tell
                record.reason = error.code or error.type
                return refusal

    async def _exchange(
        self,
        request: web.Request,
        served: ServedRoute,
        packet: HttpRequest,
        record: RequestRecord,
        admitted: Admitted,
    ) -> Exchange:
        """The request with the model that it is for, once it is its turn. The exchange alone has its body."""
        model, packet = self._model(served, packet)
        record.model = model.name
        record.generation = self._metrics.generation(model.name)
        with record.waiting_for_turn():
            await self.admission.wait_for_turn(
                admitted,
                model,
                priority_in(packet, served.route),
                partial(self._repository.loaded, model),
            )
        record.enter_prompt = admitted.enter_prompt
        lease = GraphLease.of(await self._repository.lease(model), served.route)
        record.graph = lease.graph.name
        exchange = Exchange(request, packet, lease, self.limits, served.route.errors, record)
        admitted.run_begins(exchange.stop)
        return exchange

    async def _expect(self, request: web.Request) -> web.Response | None:
        """Asks for the body of a client that waits to be asked, unless it will not be taken."""
        route: Route | None = None
        models: tuple[str, ...] = ()
        try:
            self._guard.check(request)
            if self._own.find(tidied(request.rel_url.path_safe)) is None:
                served = self._find(request)[0]
                route, models = served.route, tuple(served.models)
        except (RequestError, web.HTTPMethodNotAllowed):
            return None  # `_dispatch` finds the same, where errors are written
        try:
            if request.headers["Expect"].lower() != "100-continue":
                raise unknown_expectation()
            if route is not None:
                check_announced(request, route, self.limits)
                self.admission.check(client_of(request), models)
        except RequestError as error:
            return refusal_of(request, error)
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
        return None

    def _find(self, request: web.Request) -> tuple[ServedRoute, str, Mapping[str, str]]:
        """The request's route, its path without a version, and the path's parameters.

        From here on the request's errors are those of the route's family.
        """
        path = tidied(request.rel_url.path_safe)
        found = self._repository.table.find(path)
        if found is None:
            raise unknown_url([str(route) for route in self._repository.table.routes])
        there, values = found
        served = there.by_method.get(request.method)
        request[ERRORS] = there.errors_of(request.method)
        if served is None:
            raise web.HTTPMethodNotAllowed(request.method, there.by_method)
        path = path.removeprefix(there.version)
        return served, path, dict(zip(served.route.parameters, values, strict=True)) if values else {}

    def _model(self, served: ServedRoute, packet: HttpRequest) -> tuple[Model, HttpRequest]:
        """The model that the request is for, and the request with its name.

        Where its route has none named it is the one that holds what the path names, or else the first that is
        available. A server of a single model takes a request that leaves out the name.
        """
        where = served.route.model
        if where is None or where.place == "holder":
            models = [self._repository.find(one) for one in served.models]
            there = [one for one in models if one.state is ModelState.AVAILABLE]
            held = None if where is None else packet.path_parameters[where.name]
            holder = (one for one in there if held is not None and one.ready().holds(held))
            return next(holder, None) or next(iter(there), models[0]), packet
        name = name_in(packet, where)
        if name in (None, "") and len(self._repository) == 1:
            name = served.models[0]
            packet = with_name(packet, where, name)
        if not isinstance(name, str) or not name:
            raise no_model_named(served.route, name, served.models)
        if name in served.models:
            return self._repository.find(name), packet
        model, variant = self._repository.resolve(name)
        if model.name not in served.models:
            raise not_served_by(name, served.models)
        return model, replace(packet, variant=variant)


async def name_server(request: web.Request, response: web.StreamResponse) -> None:
    """Says ovpipe, where aiohttp would name itself and Python's version."""
    response.headers["Server"] = "ovpipe"
    if is_spare(request):
        response.force_close()
