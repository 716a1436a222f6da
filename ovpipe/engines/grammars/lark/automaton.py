"""What a part of a grammar takes, as an automaton; and two of them on the same text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.free_text import moves, states_of
from ovpipe.engines.grammars.lark.rules_tree import (
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

MOST_STATES: Final = 4000
MOST_DEEP: Final = 60
"""Rules inside of each other."""

NOTHING: Final = Characters(())
_STEPS_OF_A_PAIR: Final = 10

States = frozenset[int]


class TooMuchWork(Exception):
    """Something cannot be found out within the work that is allowed for it."""


class WorkLeft:
    """How many steps are left for finding things out."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def take(self, steps: int) -> None:
        """Raises TooMuchWork where not so many are left."""
        self._left -= steps
        if self._left < 0:
            raise TooMuchWork


class Automaton:
    """Of a part without recursion. Where a part repeats itself a number of times, any number will do here.

    So it takes all texts of the part, and perhaps some more. Its state 0 is that of the empty text.
    """

    def __init__(self, body: Body, rules: Mapping[str, Body]) -> None:
        """Raises TooMuchWork for a part of too many states."""
        self._rules = rules
        self._moves: list[list[tuple[Characters, int]]] = []
        self._silent: list[list[int]] = []
        self._depth = 0
        self._known: dict[States, list[tuple[Characters, int]]] = {}
        start = self._state()
        first, self._end = self._part(body)
        self._silent[start].append(first)
        self.start = self.closure({start})

    def accepts(self, states: States) -> bool:
        """Whether what was read so far is a whole text of the part."""
        return self._end in states

    def moves(self, states: States) -> list[tuple[Characters, int]]:
        """The characters that can follow, with the state that each leads to."""
        if states not in self._known:
            self._known[states] = [move for state in sorted(states) for move in self._moves[state]]
        return self._known[states]

    def next_characters(self, states: States) -> Characters:
        """All characters that can follow."""
        return Characters.of(span for characters, _ in self.moves(states) for span in characters.ranges)

    def closure(self, states: Iterable[int]) -> States:
        """The states with all that are reached from them without a character."""
        found, waiting = set(states), list(states)
        while waiting:
            for state in self._silent[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)

    def _state(self) -> int:
        if len(self._moves) >= MOST_STATES:
            raise TooMuchWork
        self._moves.append([])
        self._silent.append([])
        return len(self._moves) - 1

    def _part(self, body: Body) -> tuple[int, int]:
        """States before and behind a part."""
        match body:
            case Rule():
                return self._rule(body.name)
            case Lexeme():
                return self._part(body.part)
            case FreeText():
                return self._free_text(body)
        start, end = self._state(), self._state()
        match body:
            case CharacterClass():
                self._moves[start].append((body.characters, end))
            case Text():
                self._chain(start, end, [Characters.named(character) for character in body.text])
            case Concatenation():
                at = start
                for part in body.parts:
                    first, last = self._part(part)
                    self._silent[at].append(first)
                    at = last
                self._silent[at].append(end)
            case Choice():
                for each in body.choices:
                    first, last = self._part(each)
                    self._silent[start].append(first)
                    self._silent[last].append(end)
            case Repeat():
                first, last = self._part(body.part)
                self._silent[start] += [first] if body.least else [first, end]
                self._silent[last] += [end] if body.most == 1 else [end, first]
        return start, end

    def _rule(self, name: str) -> tuple[int, int]:
        if self._depth == MOST_DEEP:
            raise TooMuchWork
        self._depth += 1
        ends = self._part(self._rules[name])
        self._depth -= 1
        return ends

    def _chain(self, start: int, end: int, characters: list[Characters]) -> None:
        at = start
        for each in characters[:-1]:
            following = self._state()
            self._moves[at].append((each, following))
            at = following
        self._moves[at].append((characters[-1], end))

    def _free_text(self, body: FreeText) -> tuple[int, int]:
        names = states_of(body.marks)
        states = {name: self._state() for name in names}
        end = self._state()
        for name in names:
            for characters, target in moves(name, names, body.marks):
                if target in states and target not in body.marks:
                    self._moves[states[name]].append((characters, states[target]))
                elif target == body.end and target:
                    self._moves[states[name]].append((characters, end))
            if not body.end:
                self._silent[states[name]].append(end)
        return states[""], end


class Meeting(NamedTuple):
    """What two parts have in common that begin at the same place of a text."""

    same_text: bool
    """Whether there is a text, not the empty one, that both take."""
    after_one: Characters
    """Where the one may have ended, the characters with which the other goes on."""
    after_other: Characters


def meeting(one: Automaton, other: Automaton, work: WorkLeft) -> Meeting:
    """Follows both through all texts that begin one of each. Raises TooMuchWork."""
    same, after_one, after_other = False, NOTHING, NOTHING
    seen = {(one.start, other.start)}
    waiting = [(one.start, other.start)]
    while waiting:
        first, second = waiting.pop()
        for left, right in _steps_together(one, first, other, second, work):
            same |= one.accepts(left) and other.accepts(right)
            if one.accepts(left):
                after_one |= other.next_characters(right)
            if other.accepts(right):
                after_other |= one.next_characters(left)
            if (left, right) not in seen:
                seen.add((left, right))
                waiting.append((left, right))
    return Meeting(same, after_one, after_other)


def _steps_together(
    one: Automaton, first: States, other: Automaton, second: States, work: WorkLeft
) -> set[tuple[States, States]]:
    """Where both can be one character later."""
    left, right = one.moves(first), other.moves(second)
    shared = one.next_characters(first) & other.next_characters(second)
    work.take(_STEPS_OF_A_PAIR)
    if not shared:
        return set()
    spans = [span for characters, _ in (*left, *right) for span in characters.ranges]
    bounds = sorted({bound for start, last in (*spans, *shared.ranges) for bound in (start, last + 1)})
    work.take(len(bounds))
    found: set[tuple[frozenset[int], frozenset[int]]] = set()
    for start, _ in pairwise(bounds):
        lefts = frozenset(target for characters, target in left if start in characters)
        rights = frozenset(target for characters, target in right if start in characters)
        if lefts and rights:
            found.add((lefts, rights))
    return {(one.closure(lefts), other.closure(rights)) for lefts, rights in found}
