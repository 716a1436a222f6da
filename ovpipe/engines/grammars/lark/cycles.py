"""Which rules lead to themselves."""

from __future__ import annotations

from collections.abc import Mapping

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.rules_tree import Body, names_in


def reachable(rules: Mapping[str, Body], root: str) -> dict[str, frozenset[str]]:
    """The rules that the root needs, with the names in each; raises GrammarProblem for a missing one."""
    found: dict[str, frozenset[str]] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in rules:
            raise GrammarProblem(f"has no rule named {name!r}")
        found[name] = frozenset(names_in(rules[name]))
        waiting.extend(found[name])
    return found


def flat_rules(named: Mapping[str, frozenset[str]]) -> list[str]:
    """The rules that lead neither to themselves nor to one that does: they are regular expressions in parts.

    What names nothing is flat, and so is what names flat rules only; taken away one after the other, these
    leave the others. Each comes behind those that it names.
    """
    missing = {name: len(names) for name, names in named.items()}
    users: dict[str, list[str]] = {name: [] for name in named}
    for name, names in named.items():
        for each in names:
            users[each].append(name)
    flat: list[str] = []
    waiting = [name for name, count in missing.items() if not count]
    while waiting:
        name = waiting.pop()
        flat.append(name)
        for user in users[name]:
            missing[user] -= 1
            if not missing[user]:
                waiting.append(user)
    return flat
