"""Rules made of lexemes, as long ones as a greedy lexer reads exactly.

llguidance looks for lexemes first, each as long as can be, and follows rules by whole lexemes. A lexeme of
one character is always exact, but has it follow the rules for each character of each token. A longer one is
exact where its text cannot have ended when it can go on: where no lexeme that can follow begins with a
character by which it, or one beside it, goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.automaton import NOTHING, Automaton, Meeting, TooMuchWork, WorkLeft, meeting
from ovpipe.engines.grammars.lark.flat_parts import FlatParts
from ovpipe.engines.grammars.lark.free_text import machine_of
from ovpipe.engines.grammars.lark.rules_tree import (
    EMPTY,
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    FreeText,
    Lexeme,
    Repeat,
    Rule,
    Text,
)
from ovpipe.engines.grammars.lark.succession import Succession, bits_of

MOST_STEPS: Final = 100_000
"""Of looking for lexemes, some tenths of a second. What needs more is followed character by character."""

MOST_DEEP: Final = 1000
"""Parts inside of each other in one lexeme. llguidance ends the process over some thousands."""

MOST_ROUNDS: Final = 32


def as_lexemes(rules: Mapping[str, Body], root: str) -> dict[str, Body]:
    """The rules that `root` needs, made of lexemes; raises GrammarProblem for a rule that is missing."""
    cutter = _Cutter(rules, root)
    judge = _Judge(rules, WorkLeft(MOST_STEPS))
    try:
        for _ in range(MOST_ROUNDS):
            cut = cutter.cut()
            inexact = judge.inexact(Succession(cut, root))
            if not inexact:
                return cut
            cutter.broken |= inexact
    except TooMuchWork:
        pass  # then so it is
    cutter.in_characters = True
    return cutter.cut()


class _Cutter:
    """Cuts bodies into lexemes, as long ones as there may be."""

    def __init__(self, rules: Mapping[str, Body], root: str) -> None:
        self.broken: set[Lexeme] = set()
        """Those that are to be shorter."""
        self.in_characters = False
        """Whether all are to be of one character."""
        self._rules = dict(rules)
        self._root = root
        self._flat = FlatParts(rules, root)
        self._waiting: list[str] = []

    def cut(self) -> dict[str, Body]:
        """The rules that the root needs."""
        found: dict[str, Body] = {}
        self._waiting = [self._root]
        while self._waiting:
            name = self._waiting.pop()
            if name not in found:
                found[name] = self._cut(self._rules[name])
        return found

    def _cut(self, body: Body) -> Body:
        if self._flat.has(body):
            return self._flat_part(body)
        match body:
            case Rule():
                return self._rule(body.name)
            case Repeat():
                return Repeat(self._cut(body.part), body.least, body.most)
            case Concatenation():
                runs = groupby(body.parts, self._flat.has)
                return Concatenation(
                    tuple(part for is_flat, run in runs for part in self._run(is_flat, tuple(run)))
                )
            case Choice():
                flat = tuple(each for each in body.choices if self._flat.has(each))
                others = [self._cut(each) for each in body.choices if not self._flat.has(each)]
                return Choice((*([self._flat_part(alone(Choice(flat)))] if flat else []), *others))
        raise AssertionError(f"not flat, and no rule in it: {body!r}")

    def _run(self, is_flat: bool, parts: tuple[Body, ...]) -> Sequence[Body]:
        if is_flat:
            return [self._flat_part(alone(Concatenation(parts)))]
        return [self._cut(part) for part in parts]

    def _rule(self, name: str) -> Rule:
        self._waiting.append(name)
        return Rule(name)

    def _flat_part(self, body: Body) -> Body:
        """One lexeme, or parts of it. A lexeme is never empty, so what may be stands beside nothing."""
        if body == EMPTY:
            return EMPTY
        lexeme = self._flat.lexeme(body)
        if not is_character(lexeme) and (
            self.in_characters or lexeme in self.broken or self._flat.depth(body) > MOST_DEEP
        ):
            return self._parts(body)
        return Choice((EMPTY, lexeme)) if self._flat.is_nullable(body) else lexeme

    def _parts(self, body: Body) -> Body:
        match body:
            case Rule():
                return self._rule(body.name)
            case Text():
                return Concatenation(tuple(Lexeme(Text(character)) for character in body.text))
            case Concatenation():
                return Concatenation(tuple(map(self._flat_part, body.parts)))
            case Choice():
                return Choice(tuple(map(self._flat_part, body.choices)))
            case Repeat():
                return Repeat(self._flat_part(body.part), body.least, body.most)
            case FreeText():
                first, machine = machine_of(body)
                self._rules.update(machine)
                return self._rule(first)
        raise AssertionError(f"has no parts: {body!r}")


class _Judge:
    """Finds lexemes that a greedy lexer may read otherwise than the rules mean."""

    def __init__(self, rules: Mapping[str, Body], work: WorkLeft) -> None:
        self._rules = rules
        self._work = work
        self._automata: dict[Lexeme, Automaton | None] = {}
        self._meetings: dict[tuple[Lexeme, Lexeme], Meeting] = {}

    def inexact(self, succession: Succession) -> set[Lexeme]:
        """Those that are to be cut. None where all are exact."""
        lexemes = succession.lexemes
        if len(lexemes) == 1 and not succession.following(0):
            return set()  # it is all of the text, however large it is
        too_large = {lexeme for lexeme in lexemes if self._automaton(lexeme) is None}
        if too_large:
            return too_large
        found: set[Lexeme] = set()
        places = {succession.first, *map(succession.following, range(len(lexemes)))}
        waiting, known, met = list(places), set(places), set[tuple[int, int]]()
        while waiting:
            place = waiting.pop()
            beside = list(bits_of(place))
            for one, other in ((one, other) for one in beside for other in beside if one <= other):
                if (one, other) in met:
                    continue
                met.add((one, other))
                both = self._meet(succession, one, other, found)
                if both and both not in known:
                    known.add(both)
                    waiting.append(both)
        return {lexeme for lexeme in found if not is_character(lexeme)}

    def _meet(self, succession: Succession, one: int, other: int, found: set[Lexeme]) -> int:
        """Notes two lexemes that are inexact beside each other.

        Returns what can follow both, where both can be the same text: that stands at one place, too.
        """
        left, right = succession.lexemes[one], succession.lexemes[other]
        if one == other and is_character(left):
            return 0
        if (left, right) not in self._meetings:
            self._meetings[left, right] = meeting(self._of(left), self._of(right), self._work)
        met = self._meetings[left, right]
        after_one = met.after_one and met.after_one & self._behind(succession, one)
        after_other = met.after_other and met.after_other & self._behind(succession, other)
        if after_one or after_other:
            found |= {left, right}
        return succession.following(one) | succession.following(other) if met.same_text else 0

    def _behind(self, succession: Succession, number: int) -> Characters:
        """The characters that can follow a lexeme."""
        behind = NOTHING
        for each in bits_of(succession.following(number)):
            automaton = self._of(succession.lexemes[each])
            behind |= automaton.next_characters(automaton.start)
        return behind

    def _of(self, lexeme: Lexeme) -> Automaton:
        automaton = self._automaton(lexeme)
        assert automaton is not None, "those that are too large are cut first"
        return automaton

    def _automaton(self, lexeme: Lexeme) -> Automaton | None:
        """None for one of too many states."""
        if lexeme not in self._automata:
            try:
                self._automata[lexeme] = Automaton(lexeme.part, self._rules)
            except TooMuchWork:
                self._automata[lexeme] = None
        return self._automata[lexeme]


def alone(body: Concatenation | Choice) -> Body:
    """The only part where there is one."""
    parts = body.parts if isinstance(body, Concatenation) else body.choices
    return parts[0] if len(parts) == 1 else body


def is_character(lexeme: Lexeme) -> bool:
    """Whether it is a single character by its form."""
    part = lexeme.part
    return isinstance(part, CharacterClass) or (isinstance(part, Text) and len(part.text) == 1)
