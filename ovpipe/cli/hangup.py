"""SIGHUP: a server goes on when its terminal closes; one with a server.yaml reloads it."""

from __future__ import annotations

import signal
from typing import Final

MESSAGE: Final = (
    "SIGHUP: nothing is reloaded: there is no server.yaml, or the server starts or stops just now; it "
    "goes on as it is. SIGTERM stops it"
)


def survive_hangups() -> None:
    """From now on SIGHUP gives a line in the log, and ends nothing. Elsewhere than on Unix there is none.

    A server with a server.yaml reloads instead, from when it listens until it stops.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Not at the top: a signal meanwhile would end the process. Not in the handler: that may run while
        # another module imports logging, before there is a getLogger.
        import logging

        log = logging.getLogger("ovpipe.cli")
        signal.signal(signal.SIGHUP, lambda number, frame: log.warning(MESSAGE))
