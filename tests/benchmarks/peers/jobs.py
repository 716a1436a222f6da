"""What bench_peers.py asks a peer, and how a peer answers: a process each, a line of JSON each way.

    {"shape": "chain", "size": 10, "mode": "flood", "packets": 1000}
    {"microseconds": 6.8}

`null` in place of the figure says that the peer has nothing of that kind. The first line a peer says,
when it has loaded, is its version. It runs in a venv of its own, so this imports nothing but Python's own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal


@dataclass(frozen=True)
class Job:
    """Packets through nodes that hand on what they get."""

    shape: Literal["chain", "fan"]
    """`size` nodes one after another; or one stream into `size` nodes, and theirs into one that joins them."""
    size: int
    mode: Literal["flood", "send", "lockstep"]
    """As fast as they are taken; the same, but each by the call for those outside; or each only when the one
    before has come out. For most peers the first two are the same."""
    packets: int


def answer(measure: Callable[[Job], float | None], distribution: str | None = None) -> None:
    """Says the distribution's version, then does jobs until the input ends. Figures: microseconds a packet."""
    say({"version": version(distribution) if distribution else sys.version.split()[0]})
    for line in sys.stdin:
        say({"microseconds": measure(Job(**json.loads(line)))})


def say(message: object) -> None:
    """Writes a line."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
