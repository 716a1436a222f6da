"""SeenNamesCalculator: remembers across requests what has been logged."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import SideOutput
from ovpipe.registry import register


class SeenNames:
    """Names seen so far, bounded: once it is full, every new name counts as seen."""

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._names: set[str] = set()

    def is_new(self, name: str) -> bool:
        """Whether this is the first time that the name is asked for."""
        if name in self._names or len(self._names) >= self._limit:
            return False
        self._names.add(name)
        return True


@register
class SeenNamesCalculator(Calculator):
    """Makes the memory of the parameter names that requests sent and nobody knows.

    Side output `seen`: SeenNames. Calculators live for one request, so what is logged once for all of
    them is a side packet; it lives as long as its graph.

        seen_names:
          calculator: SeenNamesCalculator
          side_outputs: {seen: seen_names}
    """

    seen = SideOutput[SeenNames]()

    def open(self, cx: Context) -> None:
        """Sets the side packet."""
        cx.set_side(self.seen, SeenNames())
