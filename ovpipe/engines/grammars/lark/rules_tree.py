"""Rules of EBNF, read: what is left of them once their notation is gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from ovpipe.engines.grammars.ebnf.characters import Characters


class Text(msgspec.Struct, frozen=True, tag=True):
    """Exactly this text, of one character at least."""

    text: str


class CharacterClass(msgspec.Struct, frozen=True, tag=True):
    """One of these characters."""

    characters: Characters


class Rule(msgspec.Struct, frozen=True, tag=True):
    """What another rule takes."""

    name: str


class Concatenation(msgspec.Struct, frozen=True, tag=True):
    """One after the other; none is the empty text."""

    parts: tuple[Body, ...]


class Choice(msgspec.Struct, frozen=True, tag=True):
    """Any one."""

    choices: tuple[Body, ...]


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """So many times; `most` None: no limit."""

    part: Body
    least: int
    most: int | None


class FreeText(msgspec.Struct, frozen=True, tag=True):
    """Any text without any of `without`, up to and with the first `end`, which is in it once.

    Without an `end`, all of the text.
    """

    without: tuple[str, ...]
    end: str

    @property
    def marks(self) -> tuple[str, ...]:
        """The texts that it has to look for."""
        ends = (self.end,) if self.end else ()
        return tuple(dict.fromkeys((*ends, *filter(None, self.without))))


class Lexeme(msgspec.Struct, frozen=True, tag=True):
    """What a lexer looks for as a whole: a part without recursion, which never takes the empty text."""

    part: Body
    nonempty: bool = False
    """Whether the empty text has to be kept out: the part would take it."""


Body = Text | CharacterClass | Rule | Concatenation | Choice | Repeat | FreeText | Lexeme

EMPTY: Final = Concatenation(())


def parts_of(body: Body) -> tuple[Body, ...]:
    """What a body is directly made of; a lexeme is a whole."""
    match body:
        case Concatenation():
            return body.parts
        case Choice():
            return body.choices
        case Repeat():
            return (body.part,)
        case Text() | CharacterClass() | Rule() | FreeText() | Lexeme():
            return ()


def names_in(body: Body) -> Iterator[str]:
    """The rules that a body refers to."""
    waiting = [body]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Rule):
            yield each.name
        waiting.extend(parts_of(each))
