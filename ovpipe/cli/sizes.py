"""Sizes of files as people read them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes in decimal units, as `1.2 GB`."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.3g} {unit}"
    return f"{value / 1000:.3g} TB"
