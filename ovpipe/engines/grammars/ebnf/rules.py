"""Rules of EBNF, written one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import escaped
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem

_PIECES: Final = re.compile(r"[ -~]+|[^ -~]")
NOTHING: Final = '""'
SOME: Final = 16


def literal(text: str) -> str:
    r"""Exactly this text. What is not printable ASCII stands in a literal of its own.

    The library writes a character up to U+00FF as `\xf6` and reads what follows, where it is a
    hexadecimal digit, as part of that. Raises GrammarProblem for NUL, of which no form gets through.
    """
    if "\0" in text:
        raise GrammarProblem("holds a NUL character")
    pieces = ("".join(escaped(ord(character)) for character in piece) for piece in _PIECES.findall(text))
    return " ".join(f'"{piece}"' for piece in pieces) or NOTHING


def either(alternatives: Iterable[str]) -> str:
    """One of several, as a group; each is written once."""
    different = [*dict.fromkeys(alternatives)]
    return different[0] if len(different) == 1 else f"({' | '.join(different)})"


def group(rule: str) -> str:
    """What a repetition behind it takes as a whole."""
    return f"({rule})"


def repeated(item: str, least: int, most: int | None) -> str:
    """An element so many times. `item` must be one element: a name, a literal, a class or a group."""
    if most == 0:
        return NOTHING
    if (least, most) == (1, 1):
        return item
    times = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    if times is None:
        times = f"{{{least}}}" if least == most else f"{{{least},{'' if most is None else most}}}"
    return f"{item}{times}"


class Rules:
    """Rules by name. Equal rules are written once, and `root` comes last."""

    def __init__(self) -> None:
        self._bodies: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._reserved = 0

    def add(self, body: str) -> str:
        """The name of a rule with this body."""
        name = self._names.get(body)
        if name is None:
            name = self._names[body] = self.reserve()
            self._bodies[name] = body
        return name

    def reserve(self) -> str:
        """The name of a rule to be defined later, by then or before referred to."""
        self._reserved += 1
        return f"r{self._reserved}"

    def define(self, name: str, body: str) -> None:
        """Gives a name that was reserved its body."""
        self._bodies[name] = body

    def text(self, root: str) -> str:
        """All of them."""
        lines = [f"root ::= {root}", *(f"{name} ::= {body}" for name, body in self._bodies.items())]
        return "\n".join(lines)

    def counted(self, item: str, least: int, most: int | None) -> str:
        """The same as `repeated`, where there may be many: counted in sixteens, and those likewise.

        The library makes a state for each time, and tries all tokens in each: 9 s for 200 characters and
        150,000 tokens, 1.6 s in sixteens.
        """
        if most is None:
            return self._joined(self._exactly(item, least), repeated(item, 0, None))
        return self._joined(self._exactly(item, least), self._at_most(item, most - least))

    def _joined(self, *elements: str) -> str:
        solid = [each for each in elements if each != NOTHING]
        return " ".join(solid) if solid else NOTHING

    def _exactly(self, item: str, times: int) -> str:
        if times < SOME:
            return repeated(item, times, times)
        some, rest = divmod(times, SOME)
        return self._joined(self._exactly(self._some(item), some), repeated(item, rest, rest))

    def _at_most(self, item: str, times: int) -> str:
        if times < SOME:
            return repeated(item, 0, times)
        some, rest = divmod(times, SOME)
        fewer = self._joined(self._at_most(self._some(item), some - 1), repeated(item, 0, SOME - 1))
        all_of_them = self._joined(self._exactly(self._some(item), some), repeated(item, 0, rest))
        return either((fewer, all_of_them))

    def _some(self, item: str) -> str:
        return self.add(repeated(item, SOME, SOME))
