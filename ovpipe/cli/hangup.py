"""SIGHUP: a server goes on when its terminal closes, and when it should reload, which it cannot yet."""

from __future__ import annotations

import signal
from types import FrameType


def survive_hangups() -> None:
    """From now on SIGHUP gives a line in the log, and ends nothing. Elsewhere than on Unix there is none."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _log_hangup)


def _log_hangup(number: int, frame: FrameType | None) -> None:
    import logging  # what is needed when a process begins is imported only when it is: see `main`

    logging.getLogger("ovpipe.cli").warning(
        "SIGHUP: this server cannot reload its models yet; it goes on as it is. SIGTERM stops it"
    )
