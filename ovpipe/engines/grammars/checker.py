"""Tries grammars out with the engine's own library, in a process that may break, before the engine sees them.

A bad grammar poisons the engine for all its requests. Some crash the engine or keep it busy for minutes. The
verdict of another library proves nothing about this one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ovpipe.engines.grammars.fair_turns import FairTurns
from ovpipe.engines.grammars.limits import CheckerLimits
from ovpipe.engines.grammars.trials import GrammarTrials
from ovpipe.engines.grammars.verdicts import (
    GrammarShareTaken,
    GrammarUnavailable,
    Verdict,
    Verdicts,
    key_of,
)
from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import Grammar

_log = logging.getLogger("ovpipe.engine.grammar")


class GrammarChecker:
    """Made by `open`, on whose event loop it lives until `close`. One grammar is tried at a time.

    Those that wait have their turns client by client, and not for longer than a deadline.
    """

    def __init__(self, trials: GrammarTrials, limits: CheckerLimits) -> None:
        self._trials = trials
        self._limits = limits
        self._verdicts = Verdicts()
        self._checks: dict[bytes, _Check] = {}
        self._turns = FairTurns()
        self._closed = False
        self._counts = dict.fromkeys(("checks", "refused", "timeouts", "turned_away"), 0)

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
        limits = limits or CheckerLimits()
        trials = GrammarTrials(models_path, limits=limits, command=command, backoff=backoff or Backoff())
        if eager:
            trials.start()
        return cls(trials, limits)

    @property
    def pid(self) -> int | None:
        """The process that serves; None while there is none."""
        return self._trials.pid

    @property
    def progress(self) -> int:
        """A count that moves with each grammar that a process is given, and with each that is settled."""
        return self._trials.handed_over + self._counts["checks"]

    async def check(self, grammar: Grammar, client: str = "") -> None:
        """Returns when the engine can use the grammar.

        Raises GrammarRefused when it cannot, GrammarTimeout when that takes too long to find out, and
        GrammarUnavailable when nothing can be found out now, or not in time; GrammarShareTaken when as many
        grammars of this client wait as may. Who asks for the same at the same time shares one check, the
        client's who came first; what was found lately is found at once.
        """
        key = key_of(grammar)
        verdict = self._verdicts.find(key)
        if verdict is None:
            verdict = await self._checked(key, grammar, client)
        verdict.speak()

    def metrics(self) -> Mapping[str, float]:
        """Counts, by names for metrics."""
        counts = {**self._counts, "starts": self._trials.starts}
        return {f"grammar_{name}_total": float(count) for name, count in counts.items()}

    async def close(self) -> None:
        """Ends the process. Callers that wait for a check get GrammarUnavailable."""
        self._closed = True
        tasks = [check.task for check in self._checks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._trials.close()

    async def _checked(self, key: bytes, grammar: Grammar, client: str) -> Verdict:
        if self._closed:
            raise _closed()
        check = self._checks.get(key)
        if check is None:
            self._check_room(client)
            check = self._checks[key] = _Check(client)
            check.task = asyncio.create_task(self._take_turn(grammar, check, key))
            check.task.add_done_callback(lambda _: self._end(key, check))
        check.waiters += 1
        try:
            await self._turn_of(check)
            return await asyncio.shield(check.task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            raise _closed() from None
        finally:
            check.waiters -= 1
            # What is under way goes on: it cannot be stopped but by ending the process.
            if not check.waiters and not check.begun.is_set():
                check.task.cancel()
                self._forget(key, check)  # later callers get a check of their own

    def _check_room(self, client: str) -> None:
        """Raises GrammarUnavailable where no more may wait, or no more of this client's."""
        waiting = Counter(check.client for check in self._checks.values())
        if waiting[client] >= self._limits.waiting_of_client:
            self._counts["turned_away"] += 1
            raise GrammarShareTaken(
                f"{waiting[client]} grammars of this client wait to be checked",
                retry_after=self._limits.seconds,
            )
        if waiting.total() >= self._limits.waiting:
            self._counts["turned_away"] += 1
            raise GrammarUnavailable(
                f"{waiting.total()} grammars wait to be checked", retry_after=self._limits.seconds
            )

    async def _turn_of(self, check: _Check) -> None:
        """Returns when it has begun; raises GrammarUnavailable when that takes too long."""
        try:
            async with asyncio.timeout(self._limits.waiting_seconds):
                await check.begun.wait()
        except TimeoutError:
            self._counts["turned_away"] += 1
            raise GrammarUnavailable(
                f"the grammar has waited {self._limits.waiting_seconds:g} s to be checked",
                retry_after=self._limits.seconds,
            ) from None

    def _end(self, key: bytes, check: _Check) -> None:
        self._forget(key, check)
        check.begun.set()  # nobody waits for it any more
        error = None if check.task.cancelled() else check.task.exception()
        if error is not None and not check.waiters and not isinstance(error, GrammarUnavailable):
            _log.error("%s: a check failed that nobody waits for any more", self._trials.name, exc_info=error)

    def _forget(self, key: bytes, check: _Check) -> None:
        if self._checks.get(key) is check:
            del self._checks[key]

    async def _take_turn(self, grammar: Grammar, check: _Check, key: bytes) -> Verdict:
        async with self._turns.turn(check.client):
            check.begun.set()
            verdict = await self._trials.of(grammar)
            self._verdicts.keep(key, verdict)
            self._counts["checks"] += 1
            self._counts["refused"] += bool(verdict.fact)
            self._counts["timeouts"] += verdict.timed_out
            return verdict


class _Check:
    """A grammar's check under way, whose it is, and how many wait for it."""

    task: asyncio.Task[Verdict]

    def __init__(self, client: str) -> None:
        self.client = client
        self.waiters = 0
        self.begun = asyncio.Event()


def _closed() -> GrammarUnavailable:
    return GrammarUnavailable("the grammar checker is closed", retry_after=1)
