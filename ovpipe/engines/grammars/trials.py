"""GrammarTrials: the process that tries grammars out, and its lives."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import tempfile
from contextvars import Context
from pathlib import Path
from typing import Literal

from ovpipe.engines.grammars.cpu_time import cpu_seconds, is_asleep
from ovpipe.engines.grammars.limits import CheckerLimits
from ovpipe.engines.grammars.verdicts import GrammarUnavailable, Verdict
from ovpipe.engines.messages import Progress
from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.process.ends import LinkLost
from ovpipe.engines.process.link import EngineLink
from ovpipe.engines.protocol import (
    EngineDied,
    EngineStats,
    EngineTimeouts,
    GenerateRequest,
    Generation,
    Grammar,
    RequestRefused,
    SamplingParams,
)

CHECK_TOKENS = 16
"""Generated under each grammar. Compiling it is most of the work, but some grow slower with each token."""

_TRIES = 2
"""Processes that may end or block over a grammar before it is to blame. (One can be killed from outside.)"""

_IDLE_CHECKS = 2
"""Checks in a row, at least as far apart as what is left of the limit, that find the process asleep: then it
waits for itself."""

_LOOK_AGAIN = 0.05
"""Seconds; a process's computing time is known to a hundredth."""

_log = logging.getLogger("ovpipe.engine.grammar")


_Outcome = Literal["good", "too long", "blocked", "stood still"]


class GrammarTrials:
    """Tries grammars out, one at a time, in a process that may break.

    The process is started by the first, or by `start`. When a grammar has hung or killed it, the next one is
    started without waiting to be asked.
    """

    def __init__(
        self, models_path: Path, *, limits: CheckerLimits, command: HostCommand, backoff: Backoff
    ) -> None:
        self._options = {
            "models_path": str(models_path),
            "memory_mebibytes": limits.mebibytes,
            "kept_mebibytes": limits.kept_mebibytes,
        }
        self._name = f"{models_path.resolve().name} (grammars)"
        self._limits = limits
        self._command = command
        self._backoff = backoff
        self._request_ids = itertools.count(1)
        self.handed_over = 0
        """Grammars that a process was given so far."""
        self.starts = 0
        """Of the process, so far."""
        self._link: asyncio.Future[EngineLink | None] = asyncio.get_running_loop().create_future()
        """The life that serves: pending while it starts, None while none can be started."""
        self._worn_out = ""
        """Why the life that serves should make room for another; empty when it need not."""
        self._problem = ""
        self._retry_at = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._shutdown: asyncio.Task[str] | None = None
        """The latest life's end, which nothing cuts short."""
        self._closed = False

    @property
    def name(self) -> str:
        """What the process is called in logs."""
        return self._name

    @property
    def pid(self) -> int | None:
        """The process that serves; None while there is none."""
        link = self._link.result() if self._link.done() else None
        return link.pid if link is not None else None

    async def close(self) -> None:
        """Ends the process. None is started any more."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self._shutdown is not None:
            await self._shutdown

    async def of(self, grammar: Grammar) -> Verdict:
        """What the library makes of a grammar; raises GrammarUnavailable where that cannot be found out."""
        stood_still, does = False, "ends"
        for _ in range(_TRIES):
            link = await self._ready()
            sampling = SamplingParams(max_tokens=CHECK_TOKENS, temperature=1.0, seed=0, grammar=grammar)
            request = GenerateRequest(next(self._request_ids), [0], sampling)
            self.handed_over += 1
            try:
                outcome = await self._tried(link, request)
            except RequestRefused as refusal:
                return Verdict(str(refusal))
            except EngineDied:
                continue
            if outcome == "good":
                return Verdict()
            self._forget_link()
            await link.close(0.0)
            if outcome == "too long":
                return Verdict(f"takes more than {self._limits.seconds:g} s to compile", timed_out=True)
            stood_still |= outcome == "stood still"
            does = "blocks"
        if stood_still:  # that says nothing about the grammar
            raise GrammarUnavailable(
                "the grammar checker gets hardly any computing time", retry_after=self._limits.seconds
            )
        return Verdict(f"{does} the process that compiles it")

    async def _tried(self, link: EngineLink, request: GenerateRequest) -> _Outcome:
        """How the request fares. Raises what it ends in, unless that is its own end.

        The limit is one of computing time: on a busy machine a check may take `clock_factor` times as long. A
        process that sleeps meanwhile waits for itself: the library does when a thread of it got no memory.
        """
        loop, limit = asyncio.get_running_loop(), self._limits.seconds
        started, spent = loop.time(), cpu_seconds(link.pid)
        left, idle_checks = limit, 0
        async with link.add(request) as generation:
            answer = asyncio.ensure_future(_drained(generation))
            deadline = started + self._limits.clock_factor * limit
            while left > 0 and idle_checks < _IDLE_CHECKS and loop.time() < deadline:
                await asyncio.wait([answer], timeout=max(left, _LOOK_AGAIN))
                if answer.done():
                    await answer
                    return "good"
                idle_checks = idle_checks + 1 if is_asleep(link.pid) else 0
                computed = cpu_seconds(link.pid) - spent
                if math.isnan(computed):  # this system does not tell; then it is the time that has passed
                    computed = loop.time() - started
                left = limit - computed if math.isfinite(computed) else _LOOK_AGAIN  # or it is gone
            answer.cancel()
            await asyncio.wait([answer])
        if left <= 0:
            return "too long"
        return "blocked" if idle_checks == _IDLE_CHECKS else "stood still"

    async def _ready(self) -> EngineLink:
        """The life that serves; waits for one that starts. Raises GrammarUnavailable."""
        self.start()
        link = await asyncio.shield(self._link)
        if link is not None and self._worn_out:  # between two checks, so nothing is lost
            self._worn_out = ""
            self._forget_link()
            link.retire("grammars")
            link = await asyncio.shield(self._link)
        if link is None:
            wait = self._retry_at - asyncio.get_running_loop().time()
            raise GrammarUnavailable(f"the grammar checker {self._problem}", retry_after=max(1.0, wait))
        return link

    # --- the process's lives

    def start(self) -> None:
        """Has the process started, if it is not."""
        if self._keeper is None:
            # Not in the context of the request whose grammar is the first: the process is for all.
            self._keeper = asyncio.create_task(
                self._keep(), name=f"keeper of {self._name}", context=Context()
            )

    async def _keep(self) -> None:
        """Starts the process and, whenever it has ended, another; until cancelled.

        The next one waits its time when none could be started, or when one has ended early by itself and
        not over a grammar: what ended it is likely to end the next.
        """
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            healthy = False
            try:
                healthy = await self._live()
            except LinkLost as lost:
                self._problem = str(lost)
            except Exception as error:  # a fault of ours: one more death, and another life is tried
                if self._closed:
                    raise
                _log.exception("%s: its keeper failed", self._name)
                self._problem = f"was given up: {error!r}"
            if healthy:
                failures = 0
                _log.warning("%s %s; another is started", self._name, self._problem)
                continue
            failures += 1
            delay = self._backoff.delay(failures)
            self._retry_at = loop.time() + delay
            _log.error("%s %s; it is started again in %.1f s", self._name, self._problem, delay)
            self._forget_link()
            self._link.set_result(None)
            await asyncio.sleep(delay)

    async def _live(self) -> bool:
        """One life to its end. Returns whether the next may start at once."""
        link = await self._begin()
        loop = asyncio.get_running_loop()
        began, handed_over = loop.time(), self.handed_over
        self._problem = await self._serve(link)
        return loop.time() - began >= self._backoff.healthy_after or self.handed_over > handed_over

    async def _begin(self) -> EngineLink:
        try:
            # The process needs it while it loads. It is ours, so that it goes even if the process is killed.
            with tempfile.TemporaryDirectory(prefix="ovpipe-grammar-", ignore_cleanup_errors=True) as folder:
                link = await self._load(folder)
        except OSError as error:
            raise LinkLost(f"could not be started: {error}") from error
        self.starts += 1
        self._forget_link()
        self._link.set_result(link)
        return link

    async def _load(self, folder: str) -> EngineLink:
        limits = self._limits
        return await EngineLink.start(
            self._command,
            {**self._options, "folder": folder},
            name=self._name,
            timeouts=EngineTimeouts(
                load=limits.start_seconds,
                warm_up=limits.start_seconds,
                # The checker's own clock is the one that counts; this one is for a process left behind.
                prefill=2 * limits.clock_factor * limits.seconds,
                step=2 * limits.clock_factor * limits.seconds,
            ),
            on_progress=_ignore_progress,
            on_stats=self._note,
        )

    def _note(self, stats: EngineStats) -> None:
        self._worn_out = stats.worn_out

    async def _serve(self, link: EngineLink) -> str:
        """One life until its end, which leaves nothing of it behind. Returns how it ended."""
        reason = "was closed"
        try:
            await link.serve()
        except LinkLost as lost:
            reason = str(lost)
        finally:
            self._forget_link()
            link.fail_all(lambda: EngineDied(f"{self._name} {reason}"))
            self._shutdown = asyncio.create_task(link.close(0.0))
            await asyncio.shield(self._shutdown)
        return reason

    def _forget_link(self) -> None:
        """From now on the next life is waited for. Who waits already goes on."""
        if self._link.done():
            self._link = asyncio.get_running_loop().create_future()


async def _drained(generation: Generation) -> None:
    async for _ in generation:
        pass


def _ignore_progress(progress: Progress) -> None:
    """A start takes a second."""
