"""What a check of a grammar may cost, and how many may wait for theirs."""

from __future__ import annotations

import msgspec


class CheckerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may cost."""

    seconds: float = 5.0
    """Of computing, for one grammar. An engine takes as long, and all its requests wait meanwhile."""
    clock_factor: float = 4.0
    """Times `seconds` that a check may take by the clock on the wall, where the machine is busy."""
    mebibytes: int = 512
    """Memory beyond what the process has after its load. The library's threads take 64 of it."""
    kept_mebibytes: int = 64
    """Of it, what compiled grammars may keep after their checks; then another process takes over."""
    waiting: int = 64
    """Different grammars that may wait for their turn."""
    waiting_of_client: int = 32
    """Of these, those that one client has brought."""
    waiting_seconds: float = 30.0
    """For a grammar to have its turn; then who waits for it is turned away."""
    start_seconds: float = 60.0
    """For the process to start, which the first check waits for."""
