"""The engine's process: hosts one core behind a socket.

Each core has a program of its own, which calls `main` with what builds the core:
`python -m ovpipe.engines.genai --fd N --parent PID`.

One thread, one loop: take messages, step, send. The core is only ever touched between steps.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.messages import (
    Ack,
    Add,
    Cancel,
    Failed,
    Load,
    Ping,
    Pong,
    Progress,
    Reading,
    Ready,
    Refused,
    Step,
    ToHost,
)
from ovpipe.engines.process.native_errors import plain_message
from ovpipe.engines.process.poison import Poisoned
from ovpipe.engines.protocol import Delta, GenerateRequest, RequestRefused
from ovpipe.engines.wire import HostWire

SETTLE_STEPS = 3
"""Idle steps in a row with the same cache usage after which it counts as settled (measured with
genai: after a cancel the figure is unchanged by the first step and right by the third)."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_log = logging.getLogger("ovpipe.engine.host")

Report = Callable[[Progress | Reading], None]
CoreBuilder = Callable[[dict[str, Any], Report], EngineCore]
"""Loads a core by its options and warms it up, and reports how far it is.

A core that knows when it begins to read a prompt keeps the report, and says so in its steps.
"""


def serve(sock: socket.socket, build: CoreBuilder) -> int:
    """Serves one engine until the server closes the socket. Returns the process's exit status."""
    wire = HostWire(sock)
    try:
        core = _load(wire, build)
        if core is not None:
            _Host(wire, core).run()
        wire.finish()  # `Failed` was the last message
        return 1
    except (EOFError, ConnectionError):
        return 0


def _load(wire: HostWire, build: CoreBuilder) -> EngineCore | None:
    """Waits for Load and builds the core; reports a failure and returns None."""
    first, *_ = wire.receive(wait=True)
    if not isinstance(first, Load):
        raise TypeError(f"the first message must be Load, not {type(first).__name__}")
    phase: Literal["load", "warm_up"] = "load"

    def report(said: Progress | Reading) -> None:
        nonlocal phase
        if isinstance(said, Progress):
            phase = said.phase
        wire.send(said)

    try:
        core = build(first.options, report)
    except (EOFError, ConnectionError):
        raise  # the server left while we loaded
    except Exception as error:
        traceback.print_exc()
        wire.send(Failed(phase=phase, message=plain_message(error)))
        return None
    wire.send(Ready(info=core.info, clock=time.perf_counter_ns()))
    return core


class _Host:
    """The loop between steps.

    The window: having sent Step n, the host may compute step n+1, but starts step n+2 only after
    Ack(n). The client acknowledges a step after the runs that waited for its deltas had their turn,
    and the socket keeps the order, so a Cancel which a run answers to step n is seen before step n+2
    starts: it is one token late at most.
    """

    def __init__(self, wire: HostWire, core: EngineCore) -> None:
        self._wire = wire
        self._core = core
        self._live: set[int] = set()
        self._sent = 0
        self._acknowledged = 0
        self._settling = 0
        """Idle steps still to come; they bring the cache's figure up to date."""
        self._usage = 0.0

    def run(self) -> None:
        """Returns when a step has poisoned the core, and the server knows."""
        while True:
            for message in self._wire.receive(wait=not self._may_step()):
                self._take(message)
            if self._may_step() and not self._step():
                return

    def _may_step(self) -> bool:
        has_work = bool(self._live) or self._settling > 0
        return has_work and self._sent - self._acknowledged <= 1

    def _take(self, message: ToHost) -> None:
        match message:
            case Add(request):
                self._add(request)
            case Cancel(request=request_id):
                self._core.cancel(request_id)
                self._forget(request_id)
            case Ack(step):
                self._acknowledged = max(self._acknowledged, step)
            case Ping():
                self._wire.send(Pong())
            case Load():
                raise TypeError("a second Load message")

    def _add(self, request: GenerateRequest) -> None:
        try:
            self._core.add(request)
        except RequestRefused as refusal:
            self._wire.send(Refused(request=request.id, message=str(refusal), param=refusal.param))
        else:
            self._live.add(request.id)

    def _step(self) -> bool:
        """One step of all live requests. False when it poisoned the core."""
        began = time.perf_counter()
        try:
            outcomes = self._core.step()
            stats = self._core.stats()
        except Exception as error:
            traceback.print_exc()
            failed = Failed(phase="step", message=plain_message(error))
            if isinstance(error, Poisoned):
                failed = Failed("step", failed.message, list(error.suspects), error.fault)
            self._wire.send(failed)
            return False
        if not self._live:
            self._settling -= 1
            if stats.kv_cache_usage != self._usage:
                self._settling = SETTLE_STEPS
        self._usage = stats.kv_cache_usage
        deltas: list[Delta] = []
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                self._wire.send(outcome)
                self._forget(outcome.request)
            else:
                deltas.append(outcome)
                if outcome.finish is not None:
                    self._forget(outcome.request)
        self._sent += 1
        # Sent without deltas, too: the client counts on a sign of life for each step.
        self._wire.send(Step(self._sent, deltas, stats, time.perf_counter() - began))
        return True

    def _forget(self, request_id: int) -> None:
        self._live.discard(request_id)
        self._settling = SETTLE_STEPS


def end_with(parent: int) -> None:
    """Has the kernel kill this process when its parent ends, even inside a step that never returns.

    Elsewhere than on Linux only the closed socket ends it. The signal is bound to the *thread* that
    started this process, so the client starts it from its event loop's thread.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        _log.warning("prctl(PR_SET_PDEATHSIG) failed: %s", os.strerror(ctypes.get_errno()))
    if os.getppid() != parent:  # it ended before prctl took effect, so no signal comes
        os._exit(1)


def main(build: CoreBuilder, arguments: Sequence[str] | None = None) -> None:
    """Runs the process: its own signals and streams, then `serve`. Does not return."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="an inherited, connected socket")
    parser.add_argument("--parent", type=int, required=True, help="the process to end with")
    options = parser.parse_args(arguments)
    end_with(options.parent)
    # All are the server's to handle, even if they are sent to all processes of a service (systemd does so):
    # it may want to finish what runs. Then it closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A program that native code starts must not hold the socket open when we are gone.
    os.set_inheritable(options.fd, False)
    # What native code prints belongs to the log.
    sys.stdout.flush()
    os.dup2(2, 1)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    status = 1
    try:
        with socket.socket(fileno=options.fd) as sock:
            status = serve(sock, build)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        # Not sys.exit: destructors of native code must not keep a closed engine's memory alive.
        os._exit(status)
