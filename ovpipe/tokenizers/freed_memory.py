"""Freed memory: what the C library has kept for later goes back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Gives back what is free. It takes some hundredths of a second, in which other threads run.

    glibc keeps freed memory in its arenas, one a thread, and a large text's is not used again for long.
    Elsewhere the C library decides.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
