"""Admission: the two gates of a server, before a request's body and once its model is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from ovpipe.http import Client
from ovpipe.serving.admission.admitted import Admitted, refused_by_model, refused_by_pool
from ovpipe.serving.admission.beginnings import Beginnings
from ovpipe.serving.admission.connections import Connections
from ovpipe.serving.admission.descriptors import SPARE, places_for_connections
from ovpipe.serving.admission.model_gate import ModelGate
from ovpipe.serving.admission.pool import Pool
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.limits import Limits, ModelLimits
from ovpipe.serving.models.model import Model

MOST_RUNNING: Final = 256
"""Requests of one model that run at once where nothing says how many its engine can do with."""


class Admission:
    """What one server has let in: connections, requests, bytes of bodies, and the requests of each model."""

    def __init__(self, limits: Limits, models: int) -> None:
        """`models` counts those that will open descriptors of their own."""
        self.limits = limits
        self.connections = Connections(places_for_connections(limits.max_connections, models), SPARE)
        self.requests = Pool(limits.max_requests, limits.client_share)
        self.body_bytes = Pool(limits.max_body_bytes_held, limits.client_share)
        self.gates: dict[str, ModelGate] = {}
        self._throughput = Throughput()
        self._beginnings = Beginnings()

    def gate(self, model: str) -> ModelGate:
        """The gate of a model."""
        gate = self.gates.get(model)
        if gate is None:
            limits = self.limits.of_model(model)
            gate = self.gates[model] = ModelGate(
                limits.max_queued_requests,
                self.limits.client_share,
                Throughput(),
                limits.max_queued_prompt_tokens,
            )
        return gate

    def take_limits(self, limits: Limits, models: Collection[str], renamed: Mapping[str, str]) -> None:
        """Other limits, and other models, from now on; `renamed` has former names by the new ones.

        Whoever is in stays in, and keeps what it holds.
        """
        if limits.max_connections != self.limits.max_connections:
            connected = len(self.connections)
            self.connections.places = places_for_connections(limits.max_connections, len(models), connected)
        self.limits = limits
        share = limits.client_share
        self.requests.resize(limits.max_requests, share)
        self.body_bytes.resize(limits.max_body_bytes_held, share)
        former = dict(self.gates)
        self.gates |= {name: former[old] for name, old in renamed.items() if old in former}
        for name, gate in list(self.gates.items()):
            if name not in models and (name in renamed.values() or gate.is_idle):
                del self.gates[name]
                continue
            own = limits.of_model(name)
            gate.resize(own.max_queued_requests, share, own.max_queued_prompt_tokens)
            gate.let_in(own.max_running_requests or gate.most_running)

    @contextmanager
    def request(
        self, client: Client, models: Iterable[str], wanted_seconds: float | None = None
    ) -> Iterator[Admitted]:
        """The first gate: a place for a request whose body is still to come, for one of these models.

        RequestError 429 when there is none. What it holds is given back at the end. `wanted_seconds` is the
        time that the client itself gives it.
        """
        self.check(client, models)
        taken = self.requests.take(client.name)
        assert taken, "`check` has found it allowed"
        admitted = Admitted(client, self.body_bytes, self._throughput, wanted_seconds)
        try:
            yield admitted
        finally:
            admitted.close()
            self.requests.give_back(client.name)

    def check(self, client: Client, models: Iterable[str]) -> None:
        """Raises what `request` would, and the 429 of the models where all of them are full."""
        if not self.requests.allows(client.name):
            raise refused_by_pool(self.requests, "requests in progress", self._throughput)
        refusal = None
        for model in models:
            gate = self.gates.get(model)
            refusal = None if gate is None else refused_by_model(gate, client.name)
            if refusal is None:
                return
        if refusal is not None:
            raise refusal

    async def wait_for_turn(
        self, admitted: Admitted, model: Model, priority: object, load: Callable[[], Awaitable[None]]
    ) -> None:
        """The second gate: returns when the model has a place for the request, which it keeps to its end.

        RequestError 429 when as many wait as may, 503 when it has waited too long, and while the model is not
        there to take it. `priority` is what the request says of its own, if anything. A model that was
        unloaded is loaded by `load`, for which those wait who have a turn: no more than would run.
        """
        gate = self.gate(model.name)
        limits = self.limits.of_model(model.name)
        if model.is_unloaded:
            gate.most_running = limits.max_running_requests or gate.most_running or MOST_RUNNING
            await admitted.wait_for_turn(gate, priority, limits)
            await admitted.wait_for_load(load())
            gate.most_running = places_of(model, limits)
        else:
            gate.most_running = places_of(model, limits)
            await admitted.wait_for_turn(gate, priority, limits)
        await self._beginnings.turn()


def places_of(model: Model, limits: ModelLimits) -> int:
    """How many requests of an open model run at once; RequestError 503 while it is not open."""
    packets = model.ready().side_packets().values()
    return limits.max_running_requests or capacity_of(packets)


def capacity_of(side_packets: Iterable[object]) -> int:
    """How many requests a model works on at once: what its side packets say, within bounds.

    A side packet that works on many requests at once, as an engine does, says so by a method `capacity()`.
    """
    known = [MOST_RUNNING]
    for packet in side_packets:
        capacity = getattr(packet, "capacity", None)
        if callable(capacity):
            known.append(int(capacity()))
    return max(1, min(known))
