"""Items, members and parameters in a row: so many, those that are described in their order, then others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import NOTHING, Rules, either, group

MOST_STATES: Final = 20_000
"""Rules for one object whose number of members has bounds."""


class Entry(msgspec.Struct, frozen=True):
    """A member or an item that may stand at one place."""

    rule: str
    required: bool


class Bounds(msgspec.Struct, frozen=True):
    """How many there must be at least and may be at most; `most` None: any number."""

    least: int
    most: int | None

    def less(self) -> Bounds | None:
        """Those of what follows one more; None: no more may come."""
        if self.most == 0:
            return None
        return Bounds(max(0, self.least - 1), None if self.most is None else self.most - 1)


class Row:
    """Writes the rules of one row: its entries in their order, then any number of `others`.

    `first` stands before the first of them, `between` before each of the rest.
    """

    def __init__(
        self, rules: Rules, entries: Sequence[Entry], others: str | None, *, first: str, between: str
    ) -> None:
        self._rules = rules
        self._entries = entries
        self._others = others
        self._before = {False: first, True: between}
        self._known: dict[tuple[int, Bounds, bool], str | None] = {}

    def rule(self, bounds: Bounds) -> str | None:
        """The row; None: no row is right."""
        if bounds == Bounds(0, None):
            self._from_the_end(bounds)
        return self._from(0, bounds, begun=False)

    def _from_the_end(self, bounds: Bounds) -> None:
        """Writes what `_from` would, without calls inside calls for each of the entries."""
        required = [at for at, entry in enumerate(self._entries) if entry.required]
        for at in range(len(self._entries), -1, -1):
            self._from(at, bounds, begun=True)
            if not required or at <= required[0]:
                self._from(at, bounds, begun=False)

    def _from(self, at: int, bounds: Bounds, *, begun: bool) -> str | None:
        """What may follow from one entry on. `begun`: something stands before it already."""
        key = (at, bounds, begun)
        if key not in self._known:
            if len(self._known) > MOST_STATES:
                raise GrammarProblem("bounds the number of too many properties; leave the bounds out")
            found = self._rest(bounds, begun=begun) if at == len(self._entries) else self._entry(key)
            self._known[key] = found if found in (None, NOTHING) else self._rules.add(str(found))
        return self._known[key]

    def _entry(self, key: tuple[int, Bounds, bool]) -> str | None:
        at, bounds, begun = key
        entry = self._entries[at]
        choices: list[str] = []
        left = bounds.less()
        follows = None if left is None else self._from(at + 1, left, begun=True)
        if follows is not None:
            choices.append(f"{self._before[begun]} {entry.rule} {follows}")
        without = None if entry.required else self._from(at + 1, bounds, begun=begun)
        if without is not None:
            choices.append(without)
        return either(choices) if choices else None

    def _rest(self, bounds: Bounds, *, begun: bool) -> str | None:
        least, most = bounds.least, bounds.most
        if most is not None and least > most:
            return None
        if self._others is None or most == 0:
            return None if least else NOTHING
        more = group(f"{self._before[True]} {self._others}")
        if begun:
            return self._rules.counted(more, least, most)
        following = self._rules.counted(more, max(0, least - 1), None if most is None else most - 1)
        some = f"{self._before[False]} {self._others} {following}"
        return some if least else f"({some})?"
