"""Tries grammars out with the engine's own library, in a process that may break, before the engine sees them.

A bad grammar poisons the engine for all its requests. Some crash the engine or keep it busy for minutes. The
verdict of another library proves nothing about this one.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from ovpipe.engines.grammars.cpu_time import cpu_seconds, is_asleep
from ovpipe.engines.grammars.verdicts import GrammarUnavailable, Verdict, Verdicts, key_of
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

_WALL_CLOCK_FACTOR = 4
"""Times the limit of computing time that a check may take by the clock on the wall."""

_IDLE_CHECKS = 2
"""Checks in a row, at least as far apart as what is left of the limit, that find the process asleep: then it
waits for itself."""

_LOOK_AGAIN = 0.05
"""Seconds; a process's computing time is known to a hundredth."""

_log = logging.getLogger("ovpipe.engine.grammar")


_Outcome = Literal["good", "too long", "blocked", "stood still"]


class CheckerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may cost."""

    seconds: float = 5.0
    """Of computing, for one grammar. An engine takes as long, and all its requests wait meanwhile."""
    mebibytes: int = 512
    """Memory beyond what the process has after its load. The library's threads take 64 of it."""
    waiting: int = 64
    """Different grammars that may wait for their turn."""
    start_seconds: float = 60.0
    """For the process to start, which the first check waits for."""


class GrammarChecker:
    """Made by `open`, on whose event loop it lives until `close`. One grammar is tried at a time.

    The process is started by the first check, or at once when `eager`. When a grammar has hung or killed it,
    the next one is started without waiting to be asked.
    """

    def __init__(
        self, models_path: Path, *, limits: CheckerLimits, command: HostCommand, backoff: Backoff
    ) -> None:
        self._options = {"models_path": str(models_path), "memory_mebibytes": limits.mebibytes}
        self._name = f"{models_path.resolve().name} (grammars)"
        self._limits = limits
        self._command = command
        self._backoff = backoff
        self._verdicts = Verdicts()
        self._checks: dict[bytes, _Check] = {}
        self._turn = asyncio.Lock()
        self._request_ids = itertools.count(1)
        self._handed_over = 0
        """Grammars that a process was given so far."""
        self._link: asyncio.Future[EngineLink | None] = asyncio.get_running_loop().create_future()
        """The life that serves: pending while it starts, None while none can be started."""
        self._problem = ""
        self._retry_at = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._shutdown: asyncio.Task[str] | None = None
        """The latest life's end, which nothing cuts short."""
        self._closed = False
        self._counts = dict.fromkeys(("checks", "refused", "timeouts", "starts"), 0)

    @classmethod
    async def open(
        cls,
        models_path: Path,
        command: HostCommand,
        *,
        limits: CheckerLimits | None = None,
        eager: bool = False,
        backoff: Backoff | None = None,
    ) -> GrammarChecker:
        """A checker for the model in a folder. `command` starts its process, which a core declares."""
        checker = cls(
            models_path,
            limits=limits or CheckerLimits(),
            command=command,
            backoff=backoff or Backoff(),
        )
        if eager:
            checker._start()
        return checker

    @property
    def pid(self) -> int | None:
        """The process that serves; None while there is none."""
        link = self._link.result() if self._link.done() else None
        return link.pid if link is not None else None

    @property
    def progress(self) -> int:
        """A count that moves with each grammar that a process is given, and with each that is settled."""
        return self._handed_over + self._counts["checks"]

    async def check(self, grammar: Grammar) -> None:
        """Returns when the engine can use the grammar.

        Raises GrammarRefused when it cannot, GrammarTimeout when that takes too long to find out, and
        GrammarUnavailable when nothing can be found out now. Who asks for the same at the same time shares
        one check; what was found lately is found at once.
        """
        key = key_of(grammar)
        verdict = self._verdicts.find(key)
        if verdict is None:
            verdict = await self._checked(key, grammar)
        verdict.speak()

    def metrics(self) -> Mapping[str, float]:
        """Counts, by names for metrics."""
        return {f"grammar_{name}_total": float(count) for name, count in self._counts.items()}

    async def close(self) -> None:
        """Ends the process. Callers that wait for a check get GrammarUnavailable."""
        self._closed = True
        tasks: list[asyncio.Task[Any]] = [check.task for check in self._checks.values()]
        if self._keeper is not None:
            tasks.append(self._keeper)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._shutdown is not None:
            await self._shutdown

    # --- the checks

    async def _checked(self, key: bytes, grammar: Grammar) -> Verdict:
        if self._closed:
            raise GrammarUnavailable("the grammar checker is closed", retry_after=1)
        check = self._checks.get(key)
        if check is None:
            if len(self._checks) >= self._limits.waiting:
                raise GrammarUnavailable(
                    f"{len(self._checks)} grammars wait to be checked", retry_after=self._limits.seconds
                )
            check = self._checks[key] = _Check()
            check.task = asyncio.create_task(self._take_turn(key, grammar, check))
            check.task.add_done_callback(lambda _: self._end(key, check))
        check.waiters += 1
        try:
            return await asyncio.shield(check.task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            raise GrammarUnavailable("the grammar checker is closed", retry_after=1) from None
        finally:
            check.waiters -= 1
            # What is under way goes on: it cannot be stopped but by ending the process.
            if not check.waiters and not check.begun:
                check.task.cancel()
                self._forget(key, check)  # later callers get a check of their own

    def _end(self, key: bytes, check: _Check) -> None:
        self._forget(key, check)
        error = None if check.task.cancelled() else check.task.exception()
        if error is not None and not check.waiters and not isinstance(error, GrammarUnavailable):
            _log.error("%s: a check failed that nobody waits for any more", self._name, exc_info=error)

    def _forget(self, key: bytes, check: _Check) -> None:
        if self._checks.get(key) is check:
            del self._checks[key]

    async def _take_turn(self, key: bytes, grammar: Grammar, check: _Check) -> Verdict:
        async with self._turn:
            check.begun = True
            verdict = await self._try_out(grammar)
            self._verdicts.keep(key, verdict)
            self._counts["checks"] += 1
            self._counts["refused"] += bool(verdict.fact)
            self._counts["timeouts"] += verdict.timed_out
            return verdict

    async def _try_out(self, grammar: Grammar) -> Verdict:
        stood_still, does = False, "ends"
        for _ in range(_TRIES):
            link = await self._ready()
            sampling = SamplingParams(max_tokens=CHECK_TOKENS, temperature=1.0, seed=0, grammar=grammar)
            request = GenerateRequest(next(self._request_ids), [0], sampling)
            self._handed_over += 1
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

        The limit is one of computing time: on a busy machine a check may take `_WALL_CLOCK_FACTOR` times as
        long. A process that sleeps meanwhile waits for itself: the library does when a thread of it got no
        memory.
        """
        loop, limit = asyncio.get_running_loop(), self._limits.seconds
        started, spent = loop.time(), cpu_seconds(link.pid)
        left, idle_checks = limit, 0
        async with link.add(request) as generation:
            answer = asyncio.ensure_future(_drained(generation))
            deadline = started + _WALL_CLOCK_FACTOR * limit
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
        self._start()
        link = await asyncio.shield(self._link)
        if link is None:
            wait = self._retry_at - asyncio.get_running_loop().time()
            raise GrammarUnavailable(f"the grammar checker {self._problem}", retry_after=max(1.0, wait))
        return link

    # --- the process's lives

    def _start(self) -> None:
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self._name}")

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
        began, handed_over = loop.time(), self._handed_over
        self._problem = await self._serve(link)
        return loop.time() - began >= self._backoff.healthy_after or self._handed_over > handed_over

    async def _begin(self) -> EngineLink:
        try:
            # The process needs it while it loads. It is ours, so that it goes even if the process is killed.
            with tempfile.TemporaryDirectory(prefix="ovpipe-grammar-", ignore_cleanup_errors=True) as folder:
                link = await self._load(folder)
        except OSError as error:
            raise LinkLost(f"could not be started: {error}") from error
        self._counts["starts"] += 1
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
                prefill=2 * _WALL_CLOCK_FACTOR * limits.seconds,
                step=2 * _WALL_CLOCK_FACTOR * limits.seconds,
            ),
            on_progress=_ignore_progress,
            on_stats=_ignore_stats,
        )

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


class _Check:
    """A grammar's check under way, and how many wait for it."""

    task: asyncio.Task[Verdict]

    def __init__(self) -> None:
        self.waiters = 0
        self.begun = False


async def _drained(generation: Generation) -> None:
    async for _ in generation:
        pass


def _ignore_progress(progress: Progress) -> None:
    """A start takes a second."""


def _ignore_stats(stats: EngineStats) -> None:
    """They are a stand-in's."""
