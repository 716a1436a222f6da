"""Parts of rules that are regular expressions: no rule in them leads to itself."""

from __future__ import annotations

from collections.abc import Mapping

from ovpipe.engines.grammars.lark.cycles import flat_rules, reachable
from ovpipe.engines.grammars.lark.rules_tree import (
    Body,
    Choice,
    Concatenation,
    FreeText,
    Lexeme,
    Repeat,
    Rule,
    names_in,
    parts_of,
)


class FlatParts:
    """What is known of a grammar's flat parts."""

    def __init__(self, rules: Mapping[str, Body], root: str) -> None:
        """Raises GrammarProblem for a rule that is missing."""
        self._rules = rules
        self._nullable: dict[str, bool] = {}
        self._depths: dict[str, int] = {}
        for name in flat_rules(reachable(rules, root)):  # each behind those that it names
            self._nullable[name] = self.is_nullable(rules[name])
            self._depths[name] = self.depth(rules[name])

    def has(self, body: Body) -> bool:
        """Whether a part is flat."""
        return all(name in self._nullable for name in names_in(body))

    def is_nullable(self, body: Body) -> bool:
        """Whether a flat part takes the empty text."""
        match body:
            case Rule():
                return self._nullable[body.name]
            case Concatenation():
                return all(map(self.is_nullable, body.parts))
            case Choice():
                return any(map(self.is_nullable, body.choices))
            case Repeat():
                return not body.least or self.is_nullable(body.part)
            case FreeText():
                return not body.end
        return False

    def depth(self, body: Body) -> int:
        """How many parts of a flat part are inside of each other."""
        if isinstance(body, Rule):
            return 1 + self._depths[body.name]
        return 1 + max(map(self.depth, parts_of(body)), default=0)

    def lexeme(self, body: Body) -> Lexeme:
        """What a flat part takes beside the empty text."""
        while isinstance(body, Rule):
            body = self._rules[body.name]
        if not self.is_nullable(body):
            return Lexeme(body)
        if isinstance(body, Repeat) and not self.is_nullable(body.part):
            return Lexeme(Repeat(body.part, 1, body.most))
        return Lexeme(body, nonempty=True)
