"""A regular expression, read: what is left of it once its notation is gone."""

from __future__ import annotations

from typing import Final

import msgspec

from ovpipe.engines.grammars.ebnf.characters import Characters


class OneOf(msgspec.Struct, frozen=True, tag=True):
    r"""One character. `meant` were named, each or by a range; `swept` came along: a `.`, `\w`, `[^...]`.

    The difference counts in JSON strings: a quote that was named is written escaped, one that merely came
    along is left out.
    """

    meant: Characters
    swept: Characters


class Anchor(msgspec.Struct, frozen=True, tag=True):
    """The start (`^`) or the end (`$`) of the text."""

    sign: str
    at: int


class Several(msgspec.Struct, frozen=True, tag=True):
    """One after the other; none is the empty text."""

    parts: tuple[Expression, ...]


class Alternatives(msgspec.Struct, frozen=True, tag=True):
    """Any one."""

    choices: tuple[Expression, ...]


class Repetition(msgspec.Struct, frozen=True, tag=True):
    """So many times; `most` None: no limit."""

    part: Expression
    least: int
    most: int | None


Expression = OneOf | Anchor | Several | Alternatives | Repetition

EMPTY: Final = Several(())
