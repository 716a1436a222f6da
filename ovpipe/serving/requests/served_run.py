"""A run that serves one request: fed with one packet, its end bounded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from ovpipe.errors import RequestError, RunCancelled, RunError
from ovpipe.graph.plan import Plan
from ovpipe.http import HttpRequest, ResponseBody, ResponseStart
from ovpipe.runtime.runs.idle_watch import IdleWatch
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.refusals import internal_error
from ovpipe.serving.requests.client_error import to_client_error
from ovpipe.serving.requests.record import RequestRecord

log = logging.getLogger(__name__)


class ServedRun:
    """A run of a model's graph. However it goes, it has ended, or is cancelled, when `end` is over, and the
    lease of its graph is released.

    `reader` gives the parts after the first, which `start` returns. `failure` is what has gone wrong and went
    to the client. `to_client_error` makes of a failure what the client gets.
    """

    def __init__(
        self,
        lease: GraphLease,
        limits: Limits,
        id: str,
        *,
        record: RequestRecord | None = None,
        to_client_error: Callable[[Exception, str], RequestError] = to_client_error,
    ) -> None:
        self.failure: Exception | None = None
        self._lease = lease.lease
        self._graph = lease.graph
        self._model = lease.graph.model
        self._limits = limits
        self._to_client_error = to_client_error
        try:
            self._run = lease.graph.graph.run(id=id, meter=record)
        except BaseException:  # of a calculator's constructor: `end` will not be called
            self._lease.release()
            raise
        if record is not None and record.listener is not None:
            self._run.attach(record.listener)
        self.reader = self._run.read(lease.graph.output)
        self._stopped_with: RequestError | None = None
        self._lease.stop = self.stop
        self._watch = IdleWatch(limits.silent_seconds, lambda: self._run.progress, self._run_is_silent)

    @property
    def writer(self) -> str:
        """The node that writes the response, with its place, as errors name it."""
        return writer_of(self._graph.plan, self._graph.output)

    def stop(self, error: RequestError) -> None:
        """Ends the run; the client gets `error` if it still waits for something."""
        self._stopped_with = self._stopped_with or error
        self._run.cancel()

    async def start(self, packet: HttpRequest) -> ResponseStart:
        """The response's first part, once it is there. `to_client_error` says what a failure of it means.

        The run's nodes alone have the packet while this waits.
        """
        await self._run.send(self._graph.input, packet)
        del packet
        self._run.close_inputs()
        async for first in self.reader:
            if isinstance(first.value, ResponseStart):
                return first.value
            raise _wrong_part(first.value, "ResponseStart", self.writer)
        raise TypeError(f"the graph's output ended without a ResponseStart; {self.writer} writes it")

    def to_client_error(self, error: Exception) -> RequestError:
        """What the client gets for a failure."""
        self.failure = error
        if self._stopped_with is not None and isinstance(error, RunCancelled):
            return self._stopped_with
        return self._to_client_error(error, self._model)

    async def nodes_to_end(self) -> None:
        """The response is whole; what its nodes still do must end too, and a failure there is only logged."""
        try:
            await self._run.wait()
        except (RunError, RunCancelled) as error:
            self.failure = error
            to_client_error(error, self._model)

    async def end(self) -> None:
        """Cancels what is left of the run and waits, within a bound, until its nodes have closed."""
        self._watch.stop()
        self._lease.stop = None  # which would keep the run until the garbage collector comes to it
        self._run.cancel()
        try:
            async with asyncio.timeout(self._limits.run_close_seconds):
                await self._run.wait()
        except RunCancelled:
            return
        except RunError as error:
            if self.failure is None:
                to_client_error(error, self._model)
        except TimeoutError:
            log.warning(
                "model %r, graph %r: a cancelled run's nodes did not close within %g s; it is left behind",
                self._model,
                self._graph.name,
                self._limits.run_close_seconds,
            )
        finally:
            self._lease.release()

    def _run_is_silent(self) -> None:
        self._watch.stop()
        log.error(
            "model %r, graph %r: nothing has moved in a run for %g s; it is cancelled: %s",
            self._model,
            self._graph.name,
            self._limits.silent_seconds,
            self._run.explain_stall(),
        )
        self.stop(internal_error())


def writer_of(plan: Plan, stream: str) -> str:
    """The node that writes a stream of a graph."""
    producer = next(one.producer for one in plan.streams if one.name == stream)
    places = {node.name: node.place for node in plan.nodes}
    return f"node {producer!r} ({places[producer]})" if producer in places else f"{plan.file}"


def joined(parts: Iterable[object], run: ServedRun) -> bytes:
    """The bytes of parts of a run that come after the first."""
    pieces = []
    for part in parts:
        if not isinstance(part, ResponseBody):
            raise _wrong_part(part, "ResponseBody", run.writer)
        pieces.append(part.data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _wrong_part(value: object, due: str, writer: str) -> TypeError:
    given = type(value).__name__
    return TypeError(f"the graph's output gave a {given} where a {due} is due; {writer} writes it")
