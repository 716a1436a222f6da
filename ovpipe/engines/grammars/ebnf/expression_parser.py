"""Regular expressions read: ECMAScript's notation, as far as a grammar can keep to it."""

from __future__ import annotations

import re
from typing import Final

from ovpipe.engines.grammars.ebnf.expression_classes import LINE, just, read_class, read_escape, sweeping
from ovpipe.engines.grammars.ebnf.expression_tree import (
    EMPTY,
    Alternatives,
    Anchor,
    Expression,
    OneOf,
    Repetition,
    Several,
)
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem

MOST_TIMES: Final = 65_535
"""Of a repetition. No answer is as long as what lies beyond, and the library counts to there."""

MOST_NESTED: Final = 64
"""Groups inside each other."""

_TIMES: Final = re.compile(r"[*+?]|\{(\d+)(,?)(\d*)\}")
_GROUP: Final = re.compile(r"\((\?:|\?P?<(?![=!])[^>]*>|(?!\?))")


def read_expression(pattern: str) -> Expression:
    """The expression that a whole text must match; `^` and `$` at its ends say nothing new.

    Raises GrammarProblem for what is no expression, or none that a grammar can keep to.
    """
    parser = _Parser(pattern)
    tree = parser.alternatives(0)
    if parser.at < len(pattern):
        raise GrammarProblem(f"has a parenthesis at position {parser.at} that nothing opened")
    return _without_anchors(tree, starts=True, ends=True)


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> Expression:
        choices = [self.several(depth)]
        while self.pattern.startswith("|", self.at):
            self.at += 1
            choices.append(self.several(depth))
        return choices[0] if len(choices) == 1 else Alternatives(tuple(choices))

    def several(self, depth: int) -> Expression:
        parts: list[Expression] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            parts.append(self.repeated(depth))
        return parts[0] if len(parts) == 1 else Several(tuple(parts))

    def repeated(self, depth: int) -> Expression:
        start = self.at
        if _TIMES.match(self.pattern, start):
            raise GrammarProblem(f"has nothing to repeat at position {start}")
        part = self.one(depth)
        times = _TIMES.match(self.pattern, self.at)
        if times is None:
            return part
        if isinstance(part, Anchor):
            raise GrammarProblem(f"has nothing to repeat at position {self.at}")
        self.at = times.end()
        if self.pattern.startswith("?", self.at):  # as few as may be: the same texts
            self.at += 1
        if _TIMES.match(self.pattern, self.at):
            raise GrammarProblem(f"has two repetitions in a row at position {self.at}")
        least, most = _counts(times)
        if most is not None and most < least:
            raise GrammarProblem(
                f"has a repetition at position {times.start()} whose end is before its start"
            )
        if max(least, most or 0) > MOST_TIMES:
            raise GrammarProblem(
                f"repeats something more than {MOST_TIMES} times at position {times.start()}"
            )
        return Repetition(part, least, most)

    def one(self, depth: int) -> Expression:
        pattern, at = self.pattern, self.at
        character = pattern[at]
        if character == "(":
            return self.group(depth + 1)
        if character == "[":
            found, self.at = read_class(pattern, at)
            return found
        if character == "\\":
            found, self.at = read_escape(pattern, at)
            return found
        self.at += 1
        if character in "^$":
            return Anchor(character, at)
        return sweeping(LINE) if character == "." else just(character)

    def group(self, depth: int) -> Expression:
        start = self.at
        opening = _GROUP.match(self.pattern, start)
        if opening is None:
            raise GrammarProblem(f"looks around or sets flags at position {start}, which cannot be kept to")
        if depth > MOST_NESTED:
            raise GrammarProblem(f"has groups nested deeper than {MOST_NESTED}")
        self.at = opening.end()
        inside = self.alternatives(depth)
        if not self.pattern.startswith(")", self.at):
            raise GrammarProblem(f"has a group at position {start} that nothing closes")
        self.at += 1
        return inside


def _counts(times: re.Match[str]) -> tuple[int, int | None]:
    if times[1] is None:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[times[0]]
    if max(len(times[1]), len(times[3])) > len(str(MOST_TIMES)):  # long numbers are slow to read
        raise GrammarProblem(f"repeats something more than {MOST_TIMES} times at position {times.start()}")
    least = int(times[1])
    if not times[2]:
        return least, least
    return least, int(times[3]) if times[3] else None


def _without_anchors(tree: Expression, *, starts: bool, ends: bool) -> Expression:
    """The same for whole texts. `starts`, `ends`: nothing comes before, or after."""
    match tree:
        case Anchor():
            if not (starts if tree.sign == "^" else ends):
                raise GrammarProblem(f"has a {tree.sign} at position {tree.at}, inside of what must match")
            return EMPTY
        case Alternatives():
            return Alternatives(
                tuple(_without_anchors(choice, starts=starts, ends=ends) for choice in tree.choices)
            )
        case Repetition():
            return Repetition(_without_anchors(tree.part, starts=False, ends=False), tree.least, tree.most)
        case Several():
            return _ends_of(tree, starts=starts, ends=ends)
        case OneOf():
            return tree


def _ends_of(tree: Several, *, starts: bool, ends: bool) -> Expression:
    """Only what stands first may say `^`, only what stands last `$`; anchors themselves take no place."""
    solid = [at for at, part in enumerate(tree.parts) if not isinstance(part, Anchor)]
    first, last = (solid[0], solid[-1]) if solid else (len(tree.parts), -1)
    return Several(
        tuple(
            _without_anchors(part, starts=starts and at <= first, ends=ends and at >= last)
            for at, part in enumerate(tree.parts)
        )
    )
