"""Whether there is any text that rules match."""

from __future__ import annotations

from collections.abc import Mapping

from ovpipe.engines.grammars.lark.rules_tree import (
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    Repeat,
    Rule,
    parts_of,
)


def produces_text(rules: Mapping[str, Body], root: str) -> bool:
    """Whether some text, however long, matches the root: `root ::= root "a"` never ends.

    A rule that is missing counts as one that does. Takes time in proportion to the rules' length.
    """
    return root not in rules or root in _Productions(rules).productive()


class _Productions:
    """The bodies as numbered nodes: each has a text once as many of its parts have one as it needs."""

    def __init__(self, rules: Mapping[str, Body]) -> None:
        self._rules = rules
        self._needs: list[int] = []
        self._above: list[int | str] = []
        """The node that a node is a part of, or the rule whose body it is."""
        self._uses: dict[str, list[int]] = {name: [] for name in rules}
        for name, body in rules.items():
            self._number(name, body)

    def productive(self) -> set[str]:
        """The rules that have a text."""
        found: set[str] = set()
        waiting = [node for node, needs in enumerate(self._needs) if not needs]
        while waiting:
            above = self._above[waiting.pop()]
            users = [above]
            if isinstance(above, str):
                found.add(above)
                users = [*self._uses[above]]
            for user in users:
                assert isinstance(user, int)
                self._needs[user] -= 1
                if not self._needs[user]:
                    waiting.append(user)
        return found

    def _number(self, name: str, body: Body) -> None:
        waiting: list[tuple[Body, int | str]] = [(body, name)]
        while waiting:
            each, above = waiting.pop()
            node = len(self._needs)
            self._above.append(above)
            self._needs.append(self._needed(each))
            if isinstance(each, Rule) and each.name in self._rules:
                self._uses[each.name].append(node)
            waiting.extend((part, node) for part in parts_of(each))

    def _needed(self, body: Body) -> int:
        match body:
            case Concatenation():
                return len(body.parts)
            case Choice():
                return 1
            case Repeat():
                return 1 if body.least else 0
            case Rule():
                return 1 if body.name in self._rules else 0
            case CharacterClass():
                return 0 if body.characters.ranges else 1
        return 0
