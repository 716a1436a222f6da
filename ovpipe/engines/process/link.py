"""One life of an engine: its process from start to end, the requests in it, and how its end shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, Literal, NoReturn

from ovpipe.engines.messages import (
    Ack,
    Add,
    Cancel,
    Failed,
    FromHost,
    Load,
    Ping,
    Pong,
    Progress,
    Reading,
    Ready,
    Refused,
    Step,
)
from ovpipe.engines.process.child import HostProcess
from ovpipe.engines.process.clocks import by_our_clock, clock_lag
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.process.ends import LinkLost
from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.process.held_requests import HeldRequests
from ovpipe.engines.process.life_watch import LifeWatch, Notices
from ovpipe.engines.process.metrics import DIED, HUNG, POISONED
from ovpipe.engines.process.pulse import Pulse
from ovpipe.engines.process.retries import Retry
from ovpipe.engines.protocol import (
    EngineFull,
    EngineInfo,
    EngineStats,
    EngineTimeouts,
    GenerateRequest,
    GenerationMeter,
    OnStep,
    RequestFailed,
    RequestRefused,
    StepTrace,
)
from ovpipe.engines.wire import WireError

_EXIT_SECONDS = 1.0
"""For a process that has closed its socket to end."""

_log = logging.getLogger("ovpipe.engine")

OnProgress = Callable[[Progress], None]
OnStats = Callable[[EngineStats], None]


class EngineLink:
    """Made by `start`, which returns when the engine is ready; then `serve` runs until the end."""

    info: EngineInfo

    def __init__(
        self, process: HostProcess, timeouts: EngineTimeouts, on_stats: OnStats, notices: Notices
    ) -> None:
        self.up = False
        """Whether requests may be added."""
        self._process = process
        self._on_stats = on_stats
        self._live = HeldRequests(self._end_if_retired)
        self._pulse = Pulse(self._live.generations)
        self._loading: Literal["load", "warm_up"] | None = "load"
        self._reason: str | None = None
        """Why the process ended or was killed, where that says more than its exit status."""
        self._cause = DIED
        self._retired_for: str | None = None
        self._orderly = False
        self._poisoned: Failed | None = None
        self._clock_lag = 0
        """Nanoseconds that the process's clock is behind ours."""
        self._watch = LifeWatch(timeouts, self._live, self._hung, notices)

    @classmethod
    async def start(
        cls,
        command: HostCommand,
        options: dict[str, Any],
        *,
        name: str,
        timeouts: EngineTimeouts,
        on_progress: OnProgress,
        on_stats: OnStats,
        notices: Notices | None = None,
    ) -> EngineLink:
        """Starts a process and loads it. Raises `LinkLost`; nothing of the process is left then."""
        try:
            process = await HostProcess.spawn(command, name)
        except Exception as error:
            raise LinkLost(f"could not be started: {error}") from error
        link = cls(process, timeouts, on_stats, notices or Notices())
        try:
            await link._load(options, on_progress)
        except BaseException as error:  # a cancelled start, too, leaves no process behind
            await link.close(0.0)
            if isinstance(error, LinkLost) or not isinstance(error, Exception):
                raise
            raise LinkLost(f"could not be loaded: {error}") from error
        return link

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def num_requests(self) -> int:
        return len(self._live)

    def add(
        self,
        request: GenerateRequest,
        on_step: OnStep | None = None,
        meter: GenerationMeter | None = None,
    ) -> MailboxGeneration:
        """Hands a request over. Raises `WireError` when it fits in no message."""
        generation = MailboxGeneration(request.id, self._cancel, on_step, meter)
        self._add(request, generation)
        return generation

    def adopt(self, retry: Retry, then: Callable[[], None] | None = None) -> None:
        """Hands a request over that an earlier life has not started.

        `then` is called when it has ended, but not when this life has.
        """
        self._add(retry.request, retry.generation, then if then is None else self._while_up(then))
        retry.generation.move(self._cancel)

    @property
    def serving(self) -> bool:
        """Whether it works on requests, new ones or the last."""
        return self.up or self._retired_for is not None

    def retire(self, reason: str) -> list[Retry]:
        """Takes no more requests, and ends when those have ended that it has begun with.

        Parts with the others, which are returned; their generations stay open.
        """
        self.up = False
        self._retired_for = reason
        unbegun = self._live.take_unbegun()
        for retry in unbegun:
            self._process.wire.send(Cancel(retry.request.id))
        self._end_if_retired()
        return unbegun

    def hand_over(self) -> list[Retry]:
        """It was retired, and has had its time: parts with all that another life can go on with or begin."""
        moving = [*self._live.take_resumable(), *self._live.take_not_started()]
        for retry in moving:
            self._process.wire.send(Cancel(retry.request.id))
        self._end_if_retired()
        return moving

    def take_not_started(self) -> list[Retry]:
        """Parts with the live requests that have no token so far. Their generations stay open."""
        return self._live.take_not_started()

    async def serve(self) -> NoReturn:
        """Brings deltas to their requests until the process is lost; then raises `LinkLost`.

        A fault of ours is such a loss, too: it must not leave the server without its engine.
        """
        try:
            await self._serve()
        except Exception as error:
            _log.exception("the engine's process %d cannot be served", self.pid)
            self._reason = f"was given up: {error}"
        self.up = False
        # Where the reason is known, requests fail at once and need not wait for the process to end.
        self._retired_for = None
        raise LinkLost(
            self._reason or await self._end(),
            cause=self._cause,
            orderly=self._orderly,
            poisoned=self._poisoned,
        )

    async def _serve(self) -> None:
        while messages := await self._receive():
            for message in messages:
                match message:
                    case Step():
                        self._step(message)
                    case Reading(request=request_id):
                        self._live.begin(request_id)
                    case Refused(request=request_id, message=text, transient=True):
                        self._live.fail(request_id, EngineFull(text, retry_after=1))
                    case Refused(request=request_id, message=text, failed=True):
                        self._live.fail(request_id, RequestFailed(text))
                    case Refused(request=request_id, message=text, param=param):
                        self._live.fail(request_id, RequestRefused(text, param=param))
                    case Failed(message=text, suspects=suspects, fault=fault):
                        self._reason, self._cause = f"was poisoned by a failed step: {text}", POISONED
                        self._poisoned = message
                        self.up = False
                        if len(suspects) == 1:
                            self._live.fail(suspects[0], RequestRefused(f"{fault}: {text}"))
                    case Pong():
                        pass
                    case Progress() | Ready():
                        self._reason = f"sent {type(message).__name__} while it served"
                        self._process.kill()
            self._watch.sign()

    def fail_all(self, error: Callable[[], Exception]) -> None:
        """Ends every live request with an error of its own."""
        self.up = False
        for request_id in list(self._live.generations):
            self._live.fail(request_id, error())

    async def close(self, timeout: float) -> str:
        """Ends the process, by force after `timeout` seconds. Returns how it ended."""
        self.up = False
        self._watch.stop()
        self._pulse.stop()
        return await self._process.close(timeout)

    # --- the load

    async def _load(self, options: dict[str, Any], on_progress: OnProgress) -> None:
        sent = perf_counter_ns()
        self._process.wire.send(Load(options))
        self._watch.load("load")
        while messages := await self._receive():
            for message in messages:
                match message:
                    case Progress(phase=phase):
                        self._loading = phase
                        on_progress(message)
                    case Ready(info=info, clock=clock):
                        self.info = info
                        self._clock_lag = clock_lag(sent, clock, perf_counter_ns())
                        self._loading = None
                        self._watch.serve(self.pid, info, lambda: self._process.wire.send(Ping()))
                        self.up = True
                        return
                    case Failed(message=text):
                        self._reason = f"could not be loaded: {text}"
                    case Step() | Reading() | Pong() | Refused():
                        self._reason = f"sent {type(message).__name__} before it was ready"
                        self._process.kill()
            self._watch.load(self._loading or "load")
        raise LinkLost(await self._end())

    # --- the steps

    def _add(
        self, request: GenerateRequest, generation: MailboxGeneration, then: Callable[[], None] | None = None
    ) -> None:
        self._process.wire.send(Add(request))
        self._live.add(request, generation, then)
        self._watch.expect()
        self._pulse.start()

    def _step(self, step: Step) -> None:
        self._on_stats(step.stats)
        self._watch.step(step)
        if step.stats.trace is not None:
            self._trace(step.stats.trace)
        for delta in step.deltas:
            self._live.deliver(delta)
        # The deliveries above have resolved futures, and so put the waiting tasks in the loop's queue.
        # The queue is first in, first out: this acknowledgement runs after each of them ran once. What
        # a run cancels in answer to its delta is therefore on the wire before the Ack, and the host
        # starts no step after the next without having seen it.
        asyncio.get_running_loop().call_soon(self._process.wire.send, Ack(step.step))

    def _trace(self, trace: StepTrace) -> None:
        """Brings a step to those of its requests that want to see it, by this process's clock."""
        trace = by_our_clock(trace, self._clock_lag)
        for request_id in trace.requests:
            generation = self._live.generations.get(request_id)
            if generation is not None and generation.on_step is not None:
                generation.on_step(self._process.name, trace)

    def _cancel(self, request_id: int) -> None:
        # The heartbeat stays as it is: idle steps follow a cancel, so a sign of life is still due.
        if request_id in self._live.generations:
            self._process.wire.send(Cancel(request_id))
            self._live.remove(request_id)

    def _while_up(self, then: Callable[[], None]) -> Callable[[], None]:
        """The same call, but none once this life is over."""
        return lambda: then() if self.up else None

    def _end_if_retired(self) -> None:
        if self._retired_for is not None and not self._live:
            self._reason = f"is replaced in an orderly way ({self._retired_for})"
            self._cause, self._orderly = self._retired_for, True
            self._process.wire.close()

    # --- the end

    async def _receive(self) -> list[FromHost]:
        try:
            return await self._process.wire.receive()
        except WireError as error:
            self._reason = f"was killed: {error}"
            self._process.kill()
            return []

    def _hung(self, wrong: str) -> None:
        self._reason, self._cause = f"{wrong} and was killed", HUNG
        self._process.kill()
        # Its end may not show: no signal ends it, or something it has started holds the socket.
        self._process.wire.close()

    async def _end(self) -> str:
        """Waits for a process that has closed its socket. Returns what to say about it."""
        how = await self.close(_EXIT_SECONDS)
        if self._reason is not None:
            return self._reason
        tail = self._process.stderr_tail
        return f"{how}; its last words:\n{tail}" if tail and self._loading is not None else how
