"""The end of a process that does not end by itself."""

from __future__ import annotations

import os
import sys
import threading


def end_process_after(seconds: float) -> None:
    """Ends the process if it still runs after that time.

    A thread that is stuck in native code cannot be cancelled, and the interpreter waits for it at exit.
    Engines' child processes end by themselves when their socket closes.
    """

    def end() -> None:
        sys.stderr.write(f"ovpipe did not stop within {seconds:g} s; it ends now\n")
        sys.stderr.flush()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
