"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_until(true: Callable[[], bool], timeout: float = 60.0) -> float:
    """Polls a condition until it holds; gives the seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() < began + timeout, f"still not true after {timeout} s"
        time.sleep(0.005)  # a bounded poll of another process
    return time.monotonic() - began


def wait_for_text(file: Path, text: str, timeout: float = 60.0) -> float:
    """Waits until a file has that text; gives the seconds that took."""
    return wait_until(lambda: file.exists() and file.read_text() == text, timeout)
