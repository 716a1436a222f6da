"""Which lexemes of a grammar can stand at the same place, and which can follow which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ovpipe.engines.grammars.lark.rules_tree import (
    Body,
    Choice,
    Concatenation,
    Lexeme,
    Repeat,
    Rule,
    names_in,
)


class _Ends(NamedTuple):
    """Sets of lexemes, as bits of numbers: those that a part can begin and end with."""

    nullable: bool
    first: int
    last: int


_NOTHING = _Ends(False, 0, 0)
_EMPTY = _Ends(True, 0, 0)


class Succession:
    """Of rules that are made of lexemes. What is said does not depend on the rules around a rule.

    So it may name more than can really follow, and never less.
    """

    def __init__(self, rules: Mapping[str, Body], root: str) -> None:
        self._rules = rules
        self.lexemes: list[Lexeme] = []
        self._numbers: dict[Lexeme, int] = {}
        self._ends = dict.fromkeys(rules, _NOTHING)
        self._settle()
        self._follow = [0] * len(self.lexemes)
        for body in rules.values():
            self._join(body)
        self.first = self._ends[root].first
        """Those that can begin the text, as bits."""

    def following(self, number: int) -> int:
        """Those that can follow the lexeme of this number, as bits."""
        return self._follow[number]

    def _settle(self) -> None:
        """The ends of all rules: from none, growing until they grow no more."""
        users: dict[str, set[str]] = {name: set() for name in self._rules}
        for name, body in self._rules.items():
            for used in names_in(body):
                users[used].add(name)
        waiting = dict.fromkeys(list(self._rules)[::-1])
        while waiting:
            name, _ = waiting.popitem()
            ends = self._ends_of(self._rules[name])
            if ends != self._ends[name]:
                self._ends[name] = ends
                waiting.update(dict.fromkeys(users[name]))

    def _ends_of(self, body: Body) -> _Ends:
        match body:
            case Lexeme():
                bit = 1 << self._number(body)
                return _Ends(False, bit, bit)
            case Rule():
                return self._ends[body.name]
            case Repeat():
                ends = self._ends_of(body.part)
                return _Ends(ends.nullable or not body.least, ends.first, ends.last)
            case Choice():
                found = [self._ends_of(each) for each in body.choices]
                return _Ends(
                    any(ends.nullable for ends in found),
                    _united(ends.first for ends in found),
                    _united(ends.last for ends in found),
                )
            case Concatenation():
                return self._ends_of_row([self._ends_of(part) for part in body.parts])
        raise AssertionError(f"no part of rules of lexemes: {body!r}")

    def _ends_of_row(self, parts: list[_Ends]) -> _Ends:
        whole = _EMPTY
        for ends in parts:
            whole = _Ends(
                whole.nullable and ends.nullable,
                whole.first | (ends.first if whole.nullable else 0),
                ends.last | (whole.last if ends.nullable else 0),
            )
        return whole

    def _number(self, lexeme: Lexeme) -> int:
        if lexeme not in self._numbers:
            self._numbers[lexeme] = len(self.lexemes)
            self.lexemes.append(lexeme)
        return self._numbers[lexeme]

    def _join(self, body: Body) -> None:
        """Notes what follows what inside of a body."""
        match body:
            case Choice():
                for each in body.choices:
                    self._join(each)
            case Repeat():
                self._join(body.part)
                if body.most != 1:
                    ends = self._ends_of(body.part)
                    self._note(ends.last, ends.first)
            case Concatenation():
                before = 0
                for part in body.parts:
                    self._join(part)
                    ends = self._ends_of(part)
                    self._note(before, ends.first)
                    before = ends.last | (before if ends.nullable else 0)

    def _note(self, before: int, behind: int) -> None:
        for number in bits_of(before):
            self._follow[number] |= behind


def bits_of(number: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _united(sets: Iterator[int]) -> int:
    whole = 0
    for each in sets:
        whole |= each
    return whole
