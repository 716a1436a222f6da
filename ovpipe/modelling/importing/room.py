"""The room on the disk that an import takes."""

from __future__ import annotations

import shutil
from pathlib import Path

SPARE_BYTES = 64 << 20
"""What an import leaves free on the disk; tokenizer and graph stand in it, too."""


class NoRoom(OSError):
    """The disk has too little room for what is to be written."""


def check_room(folder: Path, needed: int, what: Path) -> None:
    """Raises NoRoom unless `needed` bytes fit on the disk of `folder`, which need not exist yet."""
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if needed + SPARE_BYTES > free:
        raise NoRoom(
            f"{what} takes about {_size(needed + SPARE_BYTES)} as OpenVINO's model, and the disk of {folder} "
            f"has {_size(free)} left; make room, or name a folder on another disk"
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
