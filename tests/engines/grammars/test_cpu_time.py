"""How long a process has computed."""

from __future__ import annotations

import math
import os
import sys

import pytest

from ovpipe.engines.grammars.cpu_time import cpu_seconds


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_a_process_that_computes_has_computed_longer() -> None:
    before = cpu_seconds(os.getpid())
    while cpu_seconds(os.getpid()) < before + 0.05:
        sum(range(10_000))
    assert before < cpu_seconds(os.getpid()) <= sum(os.times()[:2]) + 0.1


def test_of_a_process_that_is_gone_nobody_can_tell() -> None:
    assert cpu_seconds(2**30) == math.inf
