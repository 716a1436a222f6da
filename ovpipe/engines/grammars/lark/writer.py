"""Rules in Lark's form, so that llguidance takes exactly what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.cycles import flat_rules, reachable
from ovpipe.engines.grammars.lark.free_text import moves, states_of
from ovpipe.engines.grammars.lark.rules_tree import (
    EMPTY,
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    FreeText,
    Repeat,
    Rule,
    Text,
)

ROOT: Final = "root"
_HEAD: Final = '%llguidance {"no_forcing": true}'
"""The model chooses among all tokens that fit, not only among those that a tokenizer would write."""
_SIGNS: Final[Mapping[tuple[int, int | None], str]] = MappingProxyType(
    {(0, None): "*", (1, None): "+", (0, 1): "?"}
)


def as_lark(rules: Mapping[str, Body]) -> str:
    """The grammar of `root`; raises GrammarProblem for a rule that is missing.

    llguidance splits a text into lexemes, each as long as can be, before it looks at rules. So a lexeme of
    several characters may take what a rule has for the next one. Rules that lead to themselves are therefore
    written with lexemes of one character, which is exact. Where there are none, all is one lexeme, which is
    exact, too, and many times as quick.
    """
    named = reachable(rules, ROOT)
    return _LarkWriter(rules, ROOT in flat_rules(named)).text()


class _LarkWriter:
    def __init__(self, rules: Mapping[str, Body], is_flat: bool) -> None:
        self._rules = dict(rules)
        self._is_flat = is_flat
        self._names: dict[str, str] = {}
        self._waiting: list[str] = []

    def text(self) -> str:
        lines = [_HEAD, f"start: {self._name(ROOT)}"]
        while self._waiting:
            name = self._waiting.pop()
            lines.append(f"{self._names[name]}: {self._element(self._rules[name])}")
        return "\n".join(lines)

    def _name(self, rule: str) -> str:
        """What a rule is called: in capitals where it is a part of a lexeme."""
        if rule not in self._names:
            self._names[rule] = f"{'T' if self._is_flat else 'r'}{len(self._names)}"
            self._waiting.append(rule)
        return self._names[rule]

    def _element(self, body: Body) -> str:
        match body:
            case Text():
                return quoted(body.text) if self._is_flat else group(" ".join(map(quoted, body.text)))
            case CharacterClass():
                return one_of(body.characters)
            case Rule():
                return self._name(body.name)
            case Concatenation():
                return group(" ".join(map(self._element, body.parts))) if body.parts else '""'
            case Choice():
                return group(" | ".join(map(self._element, body.choices)))
            case Repeat():
                return repeated(body, self._element)
            case FreeText():
                return free_text(body) if self._is_flat else self._name(self._machine(body))

    def _machine(self, body: FreeText) -> str:
        """The rule of its first state. Each state's takes a character, and what the next state's takes."""
        marks = body.marks
        states = states_of(marks)
        names = {state: f"{body.without}{body.end}\0{state}" for state in states}
        if names[""] not in self._rules:
            for state in states:
                choices: list[Body] = [] if body.end else [EMPTY]
                for characters, target in moves(state, states, marks):
                    if target in names and target not in marks:
                        choices.append(Concatenation((CharacterClass(characters), Rule(names[target]))))
                    elif target == body.end and target:
                        choices.append(CharacterClass(characters))
                self._rules[names[state]] = Choice(tuple(choices))
        return names[""]


def free_text(body: FreeText) -> str:
    """As an expression: a text that ends with its end, and has no mark before."""
    anything = "/(?s:.*)/"
    marks = body.marks
    if not marks:
        return anything
    early = " | ".join(f"{anything} {quoted(mark)} {anything}" for mark in marks)
    if not body.end:
        return f"({anything} & ~({early}))"
    # What goes on behind a mark is out. Where a mark ends together with the end, the end counts.
    late = " | ".join(f"{anything} {quoted(mark)} /(?s:.+)/" for mark in marks)
    return f"(({anything} {quoted(body.end)}) & ~({late}))"


def group(element: str) -> str:
    """What a sign behind it takes as a whole."""
    return f"({element})"


def quoted(text: str) -> str:
    """A text as it is. Lark's strings are JSON's."""
    return json.dumps(text, ensure_ascii=False)


def one_of(characters: Characters) -> str:
    """A class of characters."""
    members = "".join(
        f"\\x{{{first:x}}}" if first == last else f"\\x{{{first:x}}}-\\x{{{last:x}}}"
        for first, last in characters.ranges
    )
    return f"/[{members}]/"


def repeated(body: Repeat, element: Callable[[Body], str]) -> str:
    """So many times."""
    least, most = body.least, body.most
    sign = _SIGNS.get((least, most)) or f"{{{least},{'' if most is None else most}}}"
    return group(element(body.part)) + sign
