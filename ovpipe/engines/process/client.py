"""The server's side of an engine: one asyncio client for many requests, and its processes' keeper.

An `EngineLink` is one process's life. The client holds one at a time, and starts another when it has ended:
it died, hung or was poisoned, which its live requests fail by; or it was replaced in an orderly way.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ovpipe.engines.messages import Progress
from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.process.ends import LifeEnd, LinkLost, is_cancelled
from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.process.life_watch import Notices
from ovpipe.engines.process.link import EngineLink
from ovpipe.engines.process.memory_ceiling import MemoryCeiling
from ovpipe.engines.process.metrics import DIED, EngineMetrics
from ovpipe.engines.process.recycling import Recycling
from ovpipe.engines.process.retries import Retries
from ovpipe.engines.process.vitals import vitals_of
from ovpipe.engines.protocol import (
    EngineDied,
    EngineInfo,
    EngineLoadError,
    EngineStats,
    EngineTimeouts,
    EngineUnavailable,
    GenerateRequest,
    GenerationMeter,
    OnStep,
    RequestRefused,
    SamplingParams,
)
from ovpipe.engines.wire import WireError

_LEAST_RETRY_AFTER = 1.0
"""Seconds. HTTP's Retry-After has no fractions, and a sooner retry would fail again."""

_log = logging.getLogger("ovpipe.engine")


class EngineClient:
    """Implements `protocol.Engine`. Made by `open`, on whose event loop it lives until `close`."""

    def __init__(
        self,
        command: HostCommand,
        options: dict[str, Any],
        *,
        timeouts: EngineTimeouts,
        on_progress: Callable[[Progress], None] | None,
        name: str,
        backoff: Backoff,
        memory_ceiling: int | None,
    ) -> None:
        self._command = command
        self._options = options
        self._timeouts = timeouts
        self._on_progress = on_progress
        self._name = name
        self._backoff = backoff
        self._request_ids = itertools.count(1)
        self._metrics = EngineMetrics()
        self._memory = MemoryCeiling(name, memory_ceiling, lambda: self.recycle("memory"))
        self._link: EngineLink | None = None
        self._info: EngineInfo | None = None
        self._load_seconds = 0.0
        self._ready_expected = 0.0  # by the event loop's clock, while there is no link
        self._retries = Retries()
        """Requests that the next process is given."""
        self._recycling = Recycling(name, self._retries, timeouts.recycle)
        self._closed = False
        self._keeper: asyncio.Task[None] | None = None
        self._shutdown: asyncio.Task[str] | None = None  # the latest life's end; nothing cuts it short
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        command: HostCommand,
        options: dict[str, Any],
        *,
        timeouts: EngineTimeouts | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        name: str = "engine",
        backoff: Backoff | None = None,
        memory_ceiling: int | None = None,
    ) -> EngineClient:
        """Starts the engine's process, has it load a core by these options, and returns when it is warm.

        Raises `EngineLoadError` when this first load fails; nothing is left behind then. Loads after a
        death are tried until `close`. A process above `memory_ceiling` bytes is recycled (`MemoryCeiling`).
        """
        client = cls(
            command,
            options,
            timeouts=timeouts or EngineTimeouts(),
            on_progress=on_progress,
            name=name,
            backoff=backoff or Backoff(),
            memory_ceiling=memory_ceiling,
        )
        try:
            link = await client._start()
        except LinkLost as lost:
            raise EngineLoadError(f"engine {name!r} {lost}") from lost
        client._keeper = asyncio.create_task(client._keep(link), name=f"keeper of engine {name!r}")
        return client

    @property
    def info(self) -> EngineInfo:
        """Of the latest load; while the engine is being started again, of the one before."""
        assert self._info is not None, "open() returns after the first load"
        return self._info

    @property
    def name(self) -> str:
        """What this engine is called in logs and errors."""
        return self._name

    @property
    def is_up(self) -> bool:
        """Whether it takes requests: it serves, or is replaced in an orderly way."""
        return self._recycling.is_under_way or (self._link is not None and self._link.up)

    @property
    def pid(self) -> int | None:
        """The process that serves; None while there is none."""
        return self._link.pid if self._link is not None else None

    @property
    def progress(self) -> int:
        """See `protocol.Engine`. It never falls, not even when the process is replaced."""
        return self._metrics.progress

    def generate(
        self,
        prompt: Sequence[int],
        sampling: SamplingParams,
        *,
        priority: int = 0,
        adapter: str | None = None,
        on_step: OnStep | None = None,
        meter: GenerationMeter | None = None,
    ) -> MailboxGeneration:
        """Adds a request; raises `EngineUnavailable` while there is no engine to take it."""
        if self._closed:
            raise EngineUnavailable(f"engine {self._name!r} is closed")
        request = GenerateRequest(
            next(self._request_ids), list(prompt), sampling, priority, adapter, on_step is not None
        )
        if self._recycling.is_under_way:
            return self._recycling.wait(request, on_step, meter)
        if self._link is None or not self._link.up:
            wait = self._ready_expected - asyncio.get_running_loop().time()
            raise EngineUnavailable(
                f"engine {self._name!r} is being started again", retry_after=max(_LEAST_RETRY_AFTER, wait)
            )
        try:
            return self._link.add(request, on_step, meter)
        except WireError as error:
            raise RequestRefused(str(error)) from error

    def recycle(self, reason: str) -> None:
        """Replaces the process in an orderly way, without losing a request: see `Recycling`. Returns at once.

        `reason` is one word, a label of the metric. Does nothing while it is being replaced anyway.
        """
        if self._link is None or not self._link.up:
            return
        self._recycling.begin(self._link, reason)

    def variants(self) -> Sequence[str]:
        """What a model of this engine can be asked for as `model:variant`: the LoRA adapters."""
        return self.info.adapters

    def capacity(self) -> int:
        """How many requests it works on at once. More would wait in its queue instead of their model's."""
        return self.info.max_num_seqs

    def metrics(self) -> Mapping[str, Any]:
        """Current metrics by name. Those named _total never fall, not even when the process is replaced."""
        link = self._link
        pid = link.pid if link is not None and link.serving else None
        requests = len(self._retries) + (link.num_requests if link is not None else 0)
        memory = self._memory.resident_bytes
        return self._metrics.snapshot(self._info, pid=pid, requests=requests, resident_bytes=memory)

    async def close(self) -> None:
        """Ends the process and fails what still runs. Again, or at the same time: waits for the same end."""
        self._closed = True
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name=f"end of engine {self._name!r}")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._give_up_retries("was closed")
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._link is not None:  # the keeper was cancelled before its first step
            await self._shut_down(self._link, "was closed")
        if self._shutdown is not None:
            await self._shutdown

    # --- the lives

    async def _start(self) -> EngineLink:
        """One attempt to load. Raises `LinkLost`."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        link = await EngineLink.start(
            self._command,
            self._options | ({} if self._info is None else self._info.settled),
            name=self._name,
            timeouts=self._timeouts,
            on_progress=self._report,
            on_stats=self._on_stats,
            notices=Notices(self._metrics.work, self._memory.look),
        )
        self._memory.begin(vitals_of(link.pid), link.info.cache_bytes)
        self._load_seconds = loop.time() - started
        self._info = link.info
        self._link = link
        return link

    def _on_stats(self, stats: EngineStats) -> None:
        self._metrics.step(stats)
        if stats.worn_out:  # once the step's deltas have shown which requests it has begun with
            asyncio.get_running_loop().call_soon(self.recycle, stats.worn_out)

    async def _keep(self, link: EngineLink | None) -> None:
        """Serves, shuts down what died and starts another, until cancelled by `close`.

        A fault of ours is one more death: it is logged, and another life is tried.
        """
        failures, cause = 0, DIED
        loop = asyncio.get_running_loop()
        while True:
            try:
                end = await self._live(link, cause)
            except (Exception, asyncio.CancelledError) as error:
                if self._closed or is_cancelled():
                    raise
                _log.exception("engine %r: its keeper failed", self._name)
                end = LifeEnd(f"was given up: {error!r}")
                await self._clear(end.how)
            link, cause = None, end.cause or cause
            if end.orderly:
                _log.info("engine %r %s", self._name, end.how)
                continue
            self._recycling.end()
            if end.served_seconds >= self._backoff.healthy_after:
                failures = 0
            failures += 1
            delay = self._backoff.delay(failures)
            self._ready_expected = loop.time() + delay + self._load_seconds
            _log.error("engine %r %s; it is started again in %.1f s", self._name, end.how, delay)
            await asyncio.sleep(delay)

    async def _live(self, link: EngineLink | None, cause: str) -> LifeEnd:
        """One life to its end, started here unless it was before. `cause` is why the one before has ended."""
        if link is None:
            try:
                link = await self._start()
            except LinkLost as lost:
                self._give_up_retries(str(lost))
                return LifeEnd(str(lost))
            self._recycling.end()
            self._retries.give_to(link)
            self._metrics.restarts[cause] += 1
            _log.warning("engine %r serves again", self._name)
        return await self._serve(link)

    async def _clear(self, reason: str) -> None:
        """After a fault of ours: leaves nothing of a life behind, and nobody who waits for it."""
        if self._link is not None:
            try:
                await self._shut_down(self._link, reason)
            except Exception:
                _log.exception("engine %r: a life of it could not be ended", self._name)

    async def _serve(self, link: EngineLink) -> LifeEnd:
        """One life until its end, which leaves nothing of it behind."""
        loop = asyncio.get_running_loop()
        began, end = loop.time(), LifeEnd("was closed")
        try:
            await link.serve()
        except LinkLost as lost:
            end = LifeEnd(str(lost), lost.cause, loop.time() - began, lost.orderly)
            if lost.poisoned is not None:
                self._retries.keep_innocent(link.take_not_started(), lost.poisoned, self._name)
        finally:
            await self._shut_down(link, end.how)
        return end

    async def _shut_down(self, link: EngineLink, reason: str) -> None:
        self._link = None
        self._metrics.lost()
        self._memory.end()
        link.fail_all(lambda: EngineDied(f"engine {self._name!r} {reason}"))
        self._shutdown = asyncio.create_task(link.close(self._timeouts.close))
        await asyncio.shield(self._shutdown)

    def _give_up_retries(self, reason: str) -> None:
        self._retries.fail(lambda: EngineDied(f"engine {self._name!r} {reason}"))

    def _report(self, progress: Progress) -> None:
        self._metrics.progress += 1
        try:
            if self._on_progress is not None:
                self._on_progress(progress)
        except Exception:  # an observer of a load must not decide whether it succeeds
            _log.exception("engine %r: on_progress failed", self._name)
