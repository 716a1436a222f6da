"""What the C library says that is allocated."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ovpipe.engines.grammars.heap import heap_in_use


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's mallinfo2")
def test_what_is_allocated_and_given_back_shows() -> None:
    before = heap_in_use()
    taken = np.zeros(50_000_000, np.uint8)
    during = heap_in_use()
    del taken
    assert during - before > 40_000_000
    assert during - heap_in_use() > 40_000_000
