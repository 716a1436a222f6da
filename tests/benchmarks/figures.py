"""Figures: one thing measured several times, and how it is shown."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

LABEL_WIDTH = 44


class Figures(list[float]):
    """What each round found."""

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self)

    @property
    def spread(self) -> float:
        """Half of the way from the lowest to the highest, as a part of the median."""
        return (max(self) - min(self)) / 2 / self.median

    def line(self, unit: str) -> str:
        """Median, lowest and highest."""
        return f"{self.median:9.2f} {unit:<5} ({min(self):.2f} to {max(self):.2f})"

    def cell(self) -> str:
        """The median with its spread, for a table."""
        digits = 1 if self.median < 100 else 0
        return f"{self.median:,.{digits}f} ±{self.spread:.0%}"


def say(text: str) -> None:
    """Writes a line at once, so that one sees how far it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_row(label: str, figures: Figures, unit: str = "us") -> None:
    """A line of a list of figures."""
    say(f"{label:<{LABEL_WIDTH}}{figures.line(unit)}")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they have to be; the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
