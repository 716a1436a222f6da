"""LifeWatch: how long an engine's process may be silent, from its load to its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from ovpipe.engines.messages import Step
from ovpipe.engines.process.heartbeat import LOOKS, Heartbeat, SilenceLimits
from ovpipe.engines.process.held_requests import HeldRequests
from ovpipe.engines.process.pace import Pace
from ovpipe.engines.process.vitals import Vitals
from ovpipe.engines.process.watchdog import Watchdog
from ovpipe.engines.protocol import EngineInfo, EngineTimeouts

COMPUTE_THEMSELVES: Final = ("CPU",)
"""Devices for which the process computes with its own threads."""


class Notices(NamedTuple):
    """What is called while a process serves: `on_work` where it has requests and computes in silence,
    `on_vitals` at each look.
    """

    on_work: Callable[[], None] | None = None
    on_vitals: Callable[[Vitals], None] | None = None


class LifeWatch:
    """Calls `on_hang` once, with what is wrong. `held` are the requests that the process works on."""

    def __init__(
        self,
        timeouts: EngineTimeouts,
        held: HeldRequests,
        on_hang: Callable[[str], None],
        notices: Notices,
    ) -> None:
        self._timeouts = timeouts
        self._held = held
        self._on_hang = on_hang
        self._notices = notices
        self._phase: Literal["load", "warm-up", ""] = "load"
        self._watchdog = Watchdog(self._hung_in_load)
        self._heartbeat: Heartbeat | None = None
        self._pace = Pace(0.0, 1)

    def load(self, phase: Literal["load", "warm_up"]) -> None:
        """The process is sent its load, or says how far it is: a sign of life."""
        self._phase = "load" if phase == "load" else "warm-up"
        self._watchdog.sign(self._timeouts.load if phase == "load" else self._timeouts.warm_up)

    def serve(self, pid: int, info: EngineInfo, ping: Callable[[], None]) -> None:
        """It is loaded. From now on it owes a sign of life always: `ping` asks for one."""
        self._phase = ""
        self._watchdog.stop()
        most_tokens = info.max_num_batched_tokens if info.dynamic_split_fuse else sys.maxsize
        self._pace = Pace(info.seconds_per_token, most_tokens)
        stated = self._timeouts
        self._heartbeat = Heartbeat(
            pid,
            interval=min(stated.still, stated.prefill, stated.step) / LOOKS,
            limits=self._limits,
            ping=ping,
            on_work=self._works_in_silence,
            on_look=self._notices.on_vitals,
            on_hang=lambda wrong: self._on_hang(f"{wrong} ({self._where()})"),
            computes_itself=info.device in COMPUTE_THEMSELVES,
        )

    def expect(self) -> None:
        """Work was handed over."""
        if self._heartbeat is not None:
            self._heartbeat.expect()

    def sign(self) -> None:
        """A sign of life came while it serves."""
        if self._heartbeat is not None:
            self._heartbeat.sign(due=len(self._held) > 0)

    def step(self, step: Step) -> None:
        """What a step has taken; before its deltas are delivered."""
        self._pace.step(step.seconds, step.stats.batch_tokens or self._held.tokens)

    def stop(self) -> None:
        """Nothing is due any more."""
        self._watchdog.stop()
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def _limits(self) -> SilenceLimits:
        still = self._timeouts.still
        if not self._held:
            return SilenceLimits(still, 2 * still, 5 * still)
        stated = self._timeouts.prefill if self._held.wait_for_tokens else self._timeouts.step
        return SilenceLimits(min(still, stated), *self._pace.limits(self._held.tokens, stated))

    def _works_in_silence(self) -> None:
        if self._held and self._notices.on_work is not None:
            self._notices.on_work()

    def _where(self) -> str:
        if self._phase or not self._held:
            return self._phase or "idle"
        return "prefill" if self._held.wait_for_tokens else "step"

    def _hung_in_load(self, limit: float) -> None:
        self._on_hang(f"gave no sign of life for {limit:g} s ({self._where()})")
