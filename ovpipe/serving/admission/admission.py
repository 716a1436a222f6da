"""Admission: the two gates of a server, before a request's body and once its model is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from ovpipe.http import Client
from ovpipe.serving.admission.admitted import Admitted, refused_by_gate, refused_by_pool
from ovpipe.serving.admission.beginnings import Beginnings
from ovpipe.serving.admission.connections import Connections
from ovpipe.serving.admission.descriptors import SPARE, places_for_connections
from ovpipe.serving.admission.model_gate import ModelGate
from ovpipe.serving.admission.pool import Pool
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.limits import Limits
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

    @contextmanager
    def request(self, client: Client, models: Iterable[str]) -> Iterator[Admitted]:
        """The first gate: a place for a request whose body is still to come, for one of these models.

        RequestError 429 when there is none. What it holds is given back at the end.
        """
        self.check(client, models)
        taken = self.requests.take(client.name)
        assert taken, "`check` has found it allowed"
        admitted = Admitted(client, self.body_bytes, self._throughput)
        try:
            yield admitted
        finally:
            admitted.close()
            self.requests.give_back(client.name)

    def check(self, client: Client, models: Iterable[str]) -> None:
        """Raises what `request` would, and the 429 of the models where all of them are full."""
        if not self.requests.allows(client.name):
            raise refused_by_pool(self.requests, "requests in progress", self._throughput)
        gates = [self.gates.get(name) for name in models]
        full = [gate for gate in gates if gate is not None and gate.is_full_for(client.name)]
        if full and len(full) == len(gates):
            raise refused_by_gate(full[0])

    async def wait_for_turn(self, admitted: Admitted, model: Model, priority: object) -> None:
        """The second gate: returns when the model has a place for the request, which it keeps to its end.

        RequestError 429 when as many wait as may, 503 when it has waited too long, and while the model is not
        there to take it. `priority` is what the request says of its own, if anything.
        """
        packets = model.ready().side_packets().values()
        limits = self.limits.of_model(model.name)
        gate = self.gates.get(model.name)
        if gate is None:
            gate = ModelGate(limits.max_queued_requests, self.limits.client_share, Throughput())
            self.gates[model.name] = gate
        gate.most_running = limits.max_running_requests or capacity_of(packets)
        await admitted.wait_for_turn(gate, priority, limits)
        await self._beginnings.turn()


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
