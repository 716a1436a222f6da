"""Regular expressions as rules: of plain text, or of the inside of a JSON string."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.ebnf.expression_parser import read_expression
from ovpipe.engines.grammars.ebnf.expression_tree import (
    Alternatives,
    Anchor,
    Expression,
    OneOf,
    Repetition,
    Several,
)
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import NOTHING, Rules, either, group, literal

UNESCAPED: Final = Characters.of([(0x20, 0x21), (0x23, 0x5B), (0x5D, 0x10FFFF)]) & Characters(()).others()
"""What stands in a JSON string as it is (RFC 8259, section 7)."""
_ESCAPED: Final = UNESCAPED.others()
_NOT_NUL: Final = Characters.of([(1, 0x10FFFF)])

_SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)

One = Callable[[OneOf], str]


def expression_rule(rules: Rules, pattern: str) -> str:
    """The element that takes what an expression matches; raises GrammarProblem."""
    return _Writer(rules, plain).element(read_expression(pattern))


def string_rule(rules: Rules, pattern: str) -> str:
    r"""The element that takes JSON strings whose text an expression matches; raises GrammarProblem.

    A character that JSON escapes is taken, escaped, where the expression names it. Where it merely comes
    along (`.`, `\S`, `[^/]`), it is left out.
    """
    return f'"\\"" {_Writer(rules, in_string).element(read_expression(pattern))} "\\""'


def expression_of_string(pattern: str) -> None:
    """Raises GrammarProblem for a pattern that no strings of JSON can be held to."""
    string_rule(Rules(), pattern)


def plain(one: OneOf) -> str:
    """A character as it is. NUL gets through to no rule."""
    characters = (one.meant | one.swept) & _NOT_NUL
    if not characters:
        raise GrammarProblem("takes only a NUL character somewhere")
    return of_one(characters)


def in_string(one: OneOf) -> str:
    """A character inside a JSON string."""
    bare = (one.meant | one.swept) & UNESCAPED
    choices = [of_one(bare)] if bare else []
    # Those that are escaped are 34, so this is a short loop.
    escaped = one.meant & _ESCAPED
    for first, last in escaped.ranges:
        choices += [literal(json_escape(chr(code))) for code in range(first, last + 1)]
    if not choices:
        raise GrammarProblem("takes only what a JSON string has escaped somewhere; name the characters")
    return either(choices)


def json_escape(character: str) -> str:
    """How JSON writes a character that does not stand in a string as it is."""
    return _SHORT.get(character) or f"\\u{ord(character):04x}"


def of_one(characters: Characters) -> str:
    """One of these, as an element."""
    if len(characters.ranges) == 1 and characters.ranges[0][0] == characters.ranges[0][1]:
        return literal(chr(characters.ranges[0][0]))
    return characters.rule()


class _Writer:
    def __init__(self, rules: Rules, one: One) -> None:
        self.rules = rules
        self.one = one

    def element(self, tree: Expression) -> str:
        match tree:
            case OneOf():
                return self.one(tree)
            case Alternatives():
                return either(map(self.element, tree.choices))
            case Several():
                return group(" ".join(self._several(tree.parts))) if tree.parts else NOTHING
            case Repetition():
                item = self.element(tree.part)
                return group(self.rules.counted(self._whole(item), tree.least, tree.most))
            case Anchor():
                raise AssertionError("an expression that is read has no anchors")

    def _several(self, parts: Iterable[Expression]) -> Iterator[str]:
        """Characters in a row that stand for themselves are one literal."""
        for is_word, run in groupby(parts, _is_plain):
            if is_word:
                yield literal(
                    "".join(chr(part.meant.ranges[0][0]) for part in run if isinstance(part, OneOf))
                )
            else:
                yield from map(self.element, run)

    def _whole(self, item: str) -> str:
        """A character outside of ASCII and its neighbours may be several literals."""
        return item if item.startswith(("[", "(")) else group(item)


def _is_plain(part: Expression) -> bool:
    """Whether it is one character that rules of both kinds write as it is."""
    if not isinstance(part, OneOf) or part.swept or len(part.meant.ranges) != 1:
        return False
    first, last = part.meant.ranges[0]
    return first == last and first >= 0x20 and chr(first) not in _SHORT
