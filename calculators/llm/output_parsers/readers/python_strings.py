"""String literals as Python reads them, and as models write them."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

OPENING = re.compile(r"""([rRuU]?)('''|\"""|'|")""")
REST = {
    "'": re.compile(r"((?:[^'\\\n]|\\.)*+)'", re.DOTALL),
    '"': re.compile(r'((?:[^"\\\n]|\\.)*+)"', re.DOTALL),
    "'''": re.compile(r"((?:[^'\\]|\\.|'(?!''))*+)'''", re.DOTALL),
    '"""': re.compile(r'((?:[^"\\]|\\.|"(?!""))*+)"""', re.DOTALL),
}
SPACE = re.compile(r"\s*")
ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^{}]*\}|[0-7]{1,3}|.)", re.DOTALL
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}


class BadEscape(ValueError):
    """An escape that Python refuses."""


class StringLiteral(NamedTuple):
    """What a literal stands for, and where in the text it ends."""

    value: str
    end: int


def read_strings(text: str, at: int, *, most: int = 0) -> StringLiteral | None:
    r"""The string literals that follow each other from `at` on, as one; None if none is whole.

    `most` limits how many. Escapes are Python's. In a literal with one that Python refuses (`C:\Users`) a
    backslash is a backslash.
    """
    values: list[str] = []
    end = at
    while (opening := OPENING.match(text, at)) is not None:
        rest = REST[opening.group(2)].match(text, opening.end())
        if rest is None:
            return None
        values.append(meant(rest.group(1), opening))
        end = rest.end()
        at = skip(text, end)
        if len(values) == most:
            break
    return StringLiteral("".join(values), end) if values else None


def meant(inner: str, opening: re.Match[str]) -> str:
    """What a literal stands for: with its escapes resolved, if Python takes them all."""
    prefix, quotes = opening.groups()
    if prefix in ("r", "R"):
        return inner
    try:
        return ESCAPE.sub(unescaped, inner) if "\\" in inner else inner
    except BadEscape:
        return literally(inner, quotes)


def literally(inner: str, quotes: str) -> str:
    """The text with its backslashes, but for those that only keep a quote from ending it."""
    return inner.replace("\\" + quotes[0], quotes[0])


def unescaped(match: re.Match[str]) -> str:
    """What an escape stands for; one that Python does not know stands for itself."""
    text = match.group()
    mark = text[1]
    if mark in "xuUN":
        if len(text) == 2:
            raise BadEscape(text)
        if mark == "N":
            try:
                return unicodedata.lookup(text[3:-1])
            except KeyError:
                raise BadEscape(text) from None
        code = int(text[2:], 16)
        if code > 0x10FFFF:
            raise BadEscape(text)
        return chr(code)
    if mark in "01234567":
        return chr(int(text[1:], 8))
    return mark if mark in "\\'\"" else ESCAPES.get(mark, text)


def skip(text: str, at: int) -> int:
    """Where the white space ends."""
    match = SPACE.match(text, at)
    assert match is not None
    return match.end()
