r"""Rules that clients write, with their literals and classes as the library reads them as they are meant.

In GBNF's form (llama.cpp's) \x takes two hexadecimal digits, \u four and \U eight. The
library takes as many as come after \x, and writes what is not ASCII in that way for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import group, literal

_CHARACTER: Final = re.compile(
    r"\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(.)|([^\\])", re.DOTALL
)
_TOKEN: Final = re.compile(
    r'#[^\n]*|"(?P<literal>(?:\\.|[^"\\\n])*)"|\[(?P<negated>\^?)(?P<members>(?:\\.|[^\]\\\n])*)\]', re.DOTALL
)
_CONTROLS: Final[Mapping[str, str]] = MappingProxyType(
    {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}
)


def client_rules(text: str) -> str:
    """The same rules; raises GrammarProblem for a literal that cannot be had."""
    return _TOKEN.sub(_rewritten, text)


def _rewritten(token: re.Match[str]) -> str:
    if token["literal"] is not None:
        return _literal(token["literal"])
    if token["members"]:
        members = characters_of(token["members"])
        return (members.others() if token["negated"] else members).rule()
    return token[0]


def _literal(inside: str) -> str:
    written = literal("".join(map(chr, codes_of(inside))))
    return group(written) if '" "' in written else written


def characters_of(inside: str) -> Characters:
    """The characters that a class names."""
    pieces = [piece[0] for piece in _CHARACTER.finditer(inside)]
    codes = codes_of(inside)
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(codes):
        if at + 2 < len(codes) and pieces[at + 1] == "-":
            if codes[at + 2] < codes[at]:
                raise GrammarProblem("has a class with a range out of order")
            ranges.append((codes[at], codes[at + 2]))
            at += 3
        else:
            ranges.append((codes[at], codes[at]))
            at += 1
    return Characters.of(ranges)


def codes_of(inside: str) -> list[int]:
    """The code points that a literal's or a class's inside stands for."""
    return [_code(found) for found in _CHARACTER.finditer(inside)]


def _code(found: re.Match[str]) -> int:
    byte, half, whole, control, plain = found.groups()
    number = byte or half or whole
    if number is None:
        return ord(_CONTROLS.get(control, control) if control else plain)
    code = int(number, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise GrammarProblem("names what is no character")
    return code
