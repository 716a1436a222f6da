"""Tries grammars out with the engine's own library, in a process that may break, before the engine sees them.

A bad grammar poisons the engine for all who are in it, and some crash it or keep it busy for minutes. What
another library says of a grammar proves nothing about this one.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ovpipe.engines.backoff import Backoff
from ovpipe.engines.cpu_time import cpu_seconds
from ovpipe.engines.grammar_verdicts import GrammarUnavailable, Verdict, Verdicts, key_of
from ovpipe.engines.link import EngineLink, LinkLost
from ovpipe.engines.protocol import (
    EngineConfig,
    EngineDied,
    EngineStats,
    EngineTimeouts,
    GenerateRequest,
    Generation,
    Grammar,
    Progress,
    RequestRefused,
    SamplingParams,
)

GRAMMAR_HOST_COMMAND = (sys.executable, "-P", "-m", "ovpipe.engines.grammar_host")

CHECK_TOKENS = 16
"""Generated under each grammar. Compiling it is most of the work, but some grow slower with each token."""

_TRIES = 2
"""Processes that may end over a grammar before it is to blame. (A process can be killed from outside.)"""

_PATIENCE = 4
_LOOK_AGAIN = 0.05
"""Seconds; a process's computing time is known to a hundredth."""

_log = logging.getLogger("ovpipe.engine.grammar")


class CheckerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may cost."""

    seconds: float = 5.0
    """Of computing, for one grammar. An engine takes as long over it, and all who are in it wait."""
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
        self, models_path: Path, *, limits: CheckerLimits, command: Sequence[str], backoff: Backoff
    ) -> None:
        options = {"models_path": str(models_path), "memory_mebibytes": limits.mebibytes}
        self._config = EngineConfig(options=options)
        self._name = f"{models_path.name} (grammars)"
        self._limits = limits
        self._command = tuple(command)
        self._backoff = backoff
        self._verdicts = Verdicts()
        self._checks: dict[bytes, _Check] = {}
        self._turn = asyncio.Lock()
        self._request_ids = itertools.count(1)
        self._link: asyncio.Future[EngineLink | None] = asyncio.get_running_loop().create_future()
        """The life that serves: pending while it starts, None while none can be started."""
        self._problem = ""
        self._retry_at = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._counts = dict.fromkeys(("checks", "refused", "timeouts", "starts"), 0)

    @classmethod
    async def open(
        cls,
        models_path: Path,
        *,
        limits: CheckerLimits | None = None,
        eager: bool = False,
        command: Sequence[str] | None = None,
        backoff: Backoff | None = None,
    ) -> GrammarChecker:
        """A checker for the model in a folder. `command` runs in place of the host's program, for tests."""
        checker = cls(
            models_path,
            limits=limits or CheckerLimits(),
            command=GRAMMAR_HOST_COMMAND if command is None else command,
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

    def figures(self) -> Mapping[str, float]:
        """Counts, by names for metrics."""
        return {f"grammar_{name}_total": float(count) for name, count in self._counts.items()}

    async def close(self) -> None:
        """Ends the process; who waits for a check gets GrammarUnavailable."""
        self._closed = True
        tasks: list[asyncio.Task[Any]] = [check.task for check in self._checks.values()]
        if self._keeper is not None:
            tasks.append(self._keeper)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

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
            check = self._checks[key] = _Check(asyncio.create_task(self._take_turn(key, grammar)))
            check.task.add_done_callback(lambda task: self._end(key, task))
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

    def _end(self, key: bytes, task: asyncio.Task[Verdict]) -> None:
        del self._checks[key]
        if not task.cancelled():
            task.exception()  # nobody may be left to take it

    async def _take_turn(self, key: bytes, grammar: Grammar) -> Verdict:
        async with self._turn:
            self._checks[key].begun = True
            verdict = await self._try_out(grammar)
            self._verdicts.keep(key, verdict)
            self._counts["checks"] += 1
            self._counts["refused"] += bool(verdict.fact)
            self._counts["timeouts"] += verdict.timed_out
            return verdict

    async def _try_out(self, grammar: Grammar) -> Verdict:
        for _ in range(_TRIES):
            link = await self._ready()
            sampling = SamplingParams(max_tokens=CHECK_TOKENS, temperature=1.0, seed=0, grammar=grammar)
            request = GenerateRequest(next(self._request_ids), [0], sampling)
            try:
                if await self._finished(link, request):
                    return Verdict()
            except RequestRefused as refusal:
                return Verdict(str(refusal))
            except EngineDied:
                continue
            self._forget_link()
            await link.close(0.0)
            return Verdict(f"takes more than {self._limits.seconds:g} s to compile", timed_out=True)
        return Verdict("ends the process that compiles it")

    async def _finished(self, link: EngineLink, request: GenerateRequest) -> bool:
        """Whether the request ends within the limit. Raises what it ends in.

        The limit is one of computing time: on a busy machine a check may take `_PATIENCE` times as long.
        """
        loop, limit = asyncio.get_running_loop(), self._limits.seconds
        latest, spent = loop.time() + _PATIENCE * limit, cpu_seconds(link.pid)
        async with link.add(request) as generation:
            answer = asyncio.ensure_future(_drained(generation))
            left = limit
            while left > 0 and loop.time() < latest:
                await asyncio.wait([answer], timeout=max(left, _LOOK_AGAIN))
                if answer.done():
                    await answer
                    return True
                left = limit - (cpu_seconds(link.pid) - spent)
            answer.cancel()
            await asyncio.wait([answer])
        return False

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
        """Starts the process and, whenever it has ended, another; until cancelled."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            try:
                link = await self._begin()
            except LinkLost as lost:
                failures += 1
                self._problem = str(lost)
            else:
                failures = 0
                reason = await self._serve(link)
                _log.warning("%s %s; another is started", self._name, reason)
                continue
            delay = self._backoff.delay(failures)
            self._retry_at = loop.time() + delay
            _log.error("%s %s; it is started again in %.1f s", self._name, self._problem, delay)
            self._forget_link()
            self._link.set_result(None)
            await asyncio.sleep(delay)

    async def _begin(self) -> EngineLink:
        limits = self._limits
        link = await EngineLink.start(
            self._config,
            command=self._command,
            name=self._name,
            timeouts=EngineTimeouts(
                load=limits.start_seconds,
                warm_up=limits.start_seconds,
                # The checker's own clock is the one that counts; this one is for a process left behind.
                prefill=2 * _PATIENCE * limits.seconds,
                step=2 * _PATIENCE * limits.seconds,
            ),
            on_progress=_ignore_progress,
            on_stats=_ignore_stats,
        )
        self._counts["starts"] += 1
        self._forget_link()
        self._link.set_result(link)
        return link

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
            await link.close(0.0)
        return reason

    def _forget_link(self) -> None:
        """From now on the next life is waited for. Who waits already goes on."""
        if self._link.done():
            self._link = asyncio.get_running_loop().create_future()


class _Check:
    """A grammar's check under way, and how many wait for it."""

    def __init__(self, task: asyncio.Task[Verdict]) -> None:
        self.task = task
        self.waiters = 0
        self.begun = False


async def _drained(generation: Generation) -> None:
    async for _ in generation:
        pass


def _ignore_progress(progress: Progress) -> None:
    """A start takes a second."""


def _ignore_stats(stats: EngineStats) -> None:
    """They are a stand-in's."""
