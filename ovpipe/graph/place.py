"""Places in graph files, and the mistakes found there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ovpipe.errors import Finding, GraphError

SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, counted from 1; `used` says from where, when the file is that of a subgraph."""

    file: str
    line: int
    used: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Findings:
    """Collects every mistake of a graph, so that all are reported at once."""

    def __init__(self) -> None:
        self._found: dict[Finding, None] = {}

    def add(self, place: Place, message: str) -> None:
        """Notes a mistake; the same one at the same place only once."""
        self._found[Finding(place.file, place.line, message + place.used)] = None

    def add_all(self, found: Iterable[Finding], used: str = "") -> None:
        """Notes mistakes of a file that could not be read; `used` is that of a Place there."""
        for one in found:
            self.add(Place(one.file, one.line, used), one.message)

    def __len__(self) -> int:
        return len(self._found)

    def check(self) -> None:
        """Raises GraphError when there are any, sorted by line."""
        if self._found:
            raise GraphError(sorted(self._found, key=lambda finding: (finding.file, finding.line)))


def shown(value: Any) -> str:
    """A value in a form that its author recognises, shortened."""
    if isinstance(value, str):
        text = repr(value)
    elif value is None or isinstance(value, bool | int | float | list | dict):
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (
            TypeError,
            ValueError,
        ):  # it holds something that JSON does not have, or an int beyond str's limit
            text = f"this {type(value).__name__}"
    else:
        text = f"a value of {type(value).__name__}"
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 3] + "..."
