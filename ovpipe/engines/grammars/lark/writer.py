"""Rules in Lark's form, so that llguidance takes exactly what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.lexemes import as_lexemes, is_character
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

ROOT: Final = "root"
_HEAD: Final = '%llguidance {"no_forcing": true}'
"""The model chooses among all tokens that fit, not only among those that a tokenizer would write."""
_NOT_EMPTY: Final = "/(?s:.+)/"
_SIGNS: Final[Mapping[tuple[int, int | None], str]] = MappingProxyType(
    {(0, None): "*", (1, None): "+", (0, 1): "?"}
)


def as_lark(rules: Mapping[str, Body]) -> str:
    """The grammar of `root`; raises GrammarProblem for a rule that is missing."""
    return _LarkWriter(as_lexemes(rules, ROOT), rules).text()


class _LarkWriter:
    """Writes rules by names in small letters, and lexemes with their parts by names in capitals."""

    def __init__(self, rules: Mapping[str, Body], flat_rules: Mapping[str, Body]) -> None:
        self._rules = rules
        self._flat_rules = flat_rules
        self._names: dict[tuple[str, str | Lexeme], str] = {}
        self._waiting: list[Callable[[], str]] = []

    def text(self) -> str:
        lines = [_HEAD, f"start: {self._rule(ROOT)}"]
        while self._waiting:
            lines.append(self._waiting.pop()())
        return "\n".join(lines)

    def _rule(self, rule: str) -> str:
        return self._name("r", rule, lambda: self._element(self._rules[rule]))

    def _flat_rule(self, rule: str) -> str:
        return self._name("T", rule, lambda: self._flat(self._flat_rules[rule]))

    def _lexeme(self, lexeme: Lexeme) -> str:
        def written() -> str:
            part = self._flat(lexeme.part)
            return f"{group(part)} & {_NOT_EMPTY}" if lexeme.nonempty else part

        return self._name("L", lexeme, written)

    def _name(self, kind: str, key: str | Lexeme, written: Callable[[], str]) -> str:
        """What it is called. Its line is written later, so that no depth of rules is one of calls."""
        if (kind, key) not in self._names:
            name = self._names[kind, key] = f"{kind}{len(self._names)}"
            self._waiting.append(lambda: f"{name}: {written()}")
        return self._names[kind, key]

    def _element(self, body: Body) -> str:
        match body:
            case Lexeme():
                return self._flat(body.part) if is_character(body) else self._lexeme(body)
            case Rule():
                return self._rule(body.name)
        return self._composed(body, self._element)

    def _flat(self, body: Body) -> str:
        match body:
            case Text():
                return quoted(body.text)
            case CharacterClass():
                return one_of(body.characters)
            case Rule():
                return self._flat_rule(body.name)
            case FreeText():
                return free_text(body)
        return self._composed(body, self._flat)

    def _composed(self, body: Body, element: Callable[[Body], str]) -> str:
        match body:
            case Concatenation():
                return group(" ".join(map(element, body.parts))) if body.parts else '""'
            case Choice():
                return group(" | ".join(map(element, body.choices)))
            case Repeat():
                return repeated(body, element)
        raise AssertionError(f"stands in no rule of lexemes: {body!r}")


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
