"""What a node's timestamp_offset does to bounds."""

from __future__ import annotations

from ovpipe.timestamp import FIRST_ORDINARY, LAST_ORDINARY


def offset_bound(bound: int, offset: int) -> int:
    """A bound moved by a node's timestamp_offset, within the ordinary range; a special one stays."""
    if FIRST_ORDINARY <= bound <= LAST_ORDINARY:
        return min(max(bound + offset, FIRST_ORDINARY), LAST_ORDINARY)
    return bound
