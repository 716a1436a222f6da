"""SIGHUP: a server goes on when its terminal closes; one with a server.yaml reloads it."""

from __future__ import annotations

import signal
from types import FrameType


def survive_hangups() -> None:
    """From now on SIGHUP gives a line in the log, and ends nothing. Elsewhere than on Unix there is none.

    A server with a server.yaml reloads instead, from when it listens until it stops.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _log_hangup)


def _log_hangup(number: int, frame: FrameType | None) -> None:
    import logging  # what is needed when a process begins is imported only when it is: see `main`

    logging.getLogger("ovpipe.cli").warning(
        "SIGHUP: nothing is reloaded: there is no server.yaml, or the server starts or stops just now; it "
        "goes on as it is. SIGTERM stops it"
    )
