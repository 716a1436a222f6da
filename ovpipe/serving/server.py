"""One server's life: bound, loading, serving, draining, closed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from aiohttp import web

from ovpipe.errors import OvpipeError
from ovpipe.serving.admission.accepting import lengthen_backlog, quiet_accepts
from ovpipe.serving.admission.descriptors import accepted_at_once
from ovpipe.serving.config import Address
from ovpipe.serving.front_door import FrontDoor
from ovpipe.serving.heap import Heap, settled_heap
from ovpipe.serving.in_flight import InFlight
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.opening import LoadListener
from ovpipe.serving.models.reloader import Reloader, Reloading
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.requests.access_log import AccessLog, access_log
from ovpipe.serving.requests.connection import Connection
from ovpipe.serving.requests.handshake import Handshake
from ovpipe.serving.security.certificates import Certificates
from ovpipe.serving.security.doors import Doors
from ovpipe.serving.telemetry.tracer import RequestTracer
from ovpipe.serving.watched_files import watching

BACKLOG = 1024
KEEP_SECONDS = 1.0
"""Between two looks for models that are idle, and at what is loaded."""
ANSWER_SECONDS = 1.0
"""How long requests that were ended at shutdown may take to tell their clients."""


class ServerError(OvpipeError):
    """The server cannot start, or has nothing left to serve."""


class ServerListener(LoadListener, Protocol):
    """Gets what the server does; called on the event loop."""

    def bound(self, url: str) -> None:
        """The server listens; its models begin to load."""

    def draining(self, requests: int) -> None:
        """A first signal came: that many requests may still end."""


async def serve(
    repository: Repository,
    address: Address,
    limits: Limits,
    listener: ServerListener,
    doors: Doors,
    reloading: Reloading | None = None,
    tracer: RequestTracer | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM, then drains: requests in flight may end, new ones get a 503.

    A second signal ends what is in flight at once. With `reloading`, SIGHUP and a request reload the
    configuration. `tracer` makes spans of requests. The logger `ovpipe.access` gets a line per request when
    it is enabled for INFO. Raises ServerError when the port cannot be bound, and
    when every model has failed to load.
    """
    in_flight = InFlight()
    reloader = None if reloading is None else Reloader(repository, reloading, listener)
    front_door = FrontDoor(repository, in_flight, limits, doors.guard, reloader, tracer)
    with _signals() as (stop, hurry), _hangups(reloader), quiet_accepts():
        async with (
            watching([*doors.watched, *(() if reloader is None else reloader.watched())]),
            _housekeeping(repository),
            _listening(front_door, address, doors.certificates) as url,
        ):
            listener.bound(url)
            loading = asyncio.create_task(repository.open(listener), name="open models")
            try:
                await _until_stopped(repository, loading, stop)
                in_flight.draining = True
                if reloader is not None:
                    reloader.stop()
                listener.draining(len(in_flight))
                await _drain(in_flight, front_door.limits, hurry)
            finally:
                in_flight.draining = True
                in_flight.stop_all()
                if not await in_flight.wait_idle(ANSWER_SECONDS):
                    in_flight.cancel_all()
                    await in_flight.wait_idle(front_door.limits.run_close_seconds)
                loading.cancel()
                close_seconds = front_door.limits.graph_close_seconds
                await asyncio.wait([loading], timeout=close_seconds)
                await repository.close(close_seconds)


async def _until_stopped(repository: Repository, loading: asyncio.Task[None], stop: asyncio.Event) -> None:
    stopping = asyncio.create_task(stop.wait(), name="wait for a signal")
    try:
        await asyncio.wait([loading, stopping], return_when=asyncio.FIRST_COMPLETED)
        if loading.done():
            loading.result()
            if not stop.is_set() and repository.all_failed():
                raise ServerError("no model could be loaded, so there is nothing to serve")
        await stopping
    finally:
        stopping.cancel()


async def _drain(in_flight: InFlight, limits: Limits, hurry: asyncio.Event) -> None:
    """Waits until nothing is in flight, the time is over, or a second signal comes."""
    waits = [
        asyncio.create_task(in_flight.wait_idle(limits.drain_seconds), name="drain"),
        asyncio.create_task(hurry.wait(), name="wait for a second signal"),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


@contextlib.contextmanager
def _signals() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Two events: set by the first and by the second SIGINT or SIGTERM."""
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    try:
        yield stop, hurry
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.contextmanager
def _hangups(reloader: Reloader | None) -> Iterator[None]:
    """SIGHUP reloads; before and after, it does what it did."""
    if reloader is None or not hasattr(signal, "SIGHUP"):
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGHUP)
    loop.add_signal_handler(signal.SIGHUP, lambda: reloader.begin("SIGHUP"))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.signal(signal.SIGHUP, before)


@contextlib.asynccontextmanager
async def _housekeeping(repository: Repository) -> AsyncIterator[None]:
    """Models that are idle for long enough are unloaded; what is loaded is kept from the collector."""

    async def keep(heap: Heap) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            repository.unload_idle()
            loaded = repository.snapshot().loaded
            if loaded is not None:
                heap.settle(loaded)

    with settled_heap() as heap:
        task = asyncio.create_task(keep(heap), name="keep house")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


@contextlib.asynccontextmanager
async def _listening(
    front_door: FrontDoor, address: Address, certificates: Certificates | None
) -> AsyncIterator[str]:
    """The bound server's URL. It listens on while it drains: who comes then gets a 503, not a refusal."""
    # aiohttp cancels the handlers of clients that left only with handler_cancellation.
    runner = web.AppRunner(
        front_door.application(), handler_cancellation=True, shutdown_timeout=ANSWER_SECONDS
    )
    await runner.setup()
    try:
        sockets = await _bind(runner, address, front_door, certificates)
        try:
            bound_host, bound_port = sockets.sockets[0].getsockname()[:2]
            # A name may stand for several addresses, and with port 0 each gets a port of its own.
            scheme = "http" if certificates is None else "https"
            yield _url(scheme, bound_host if address.port == 0 else address.host, bound_port)
        finally:
            sockets.close()
    finally:
        await runner.cleanup()


async def _bind(
    runner: web.AppRunner,
    address: Address,
    front_door: FrontDoor,
    certificates: Certificates | None,
) -> asyncio.Server:
    server, connections = runner.server, front_door.admission.connections
    assert server is not None
    loop = asyncio.get_running_loop()

    def connection() -> Connection:
        return Connection(
            server,
            connections,
            loop=loop,
            keepalive_timeout=front_door.limits.idle_seconds,
            access_log=access_log,
            access_log_class=AccessLog,
            auto_decompress=False,  # bodies are decoded slice by slice, where they are read
        )

    def handshake() -> Handshake:
        assert certificates is not None
        return Handshake(connection, certificates.context, connections)

    try:
        listening = await loop.create_server(
            connection if certificates is None else handshake,
            address.host,
            address.port,
            backlog=accepted_at_once(),
            reuse_address=True,
        )
        lengthen_backlog(listening, BACKLOG)
        return listening
    except OSError as error:
        raise ServerError(_why_not_bound(address, error)) from error


def _why_not_bound(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {address.port} of {address.host} is in use; stop the program that has it, choose another "
            "with --port, or let the system choose with --port 0"
        )
    if error.errno == errno.EACCES:
        return f"port {address.port} needs privileges; choose one above 1023 with --port"
    return f"cannot listen on {address.host}:{address.port}: {error.strerror or error}"


def _url(scheme: str, host: str, port: int) -> str:
    """The URL to reach it at; a wildcard address is shown as the loopback one."""
    shown = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"
