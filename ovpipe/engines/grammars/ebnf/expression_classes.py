"""What stands for characters in a regular expression: escapes and classes, as ECMAScript has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import ALL, SURROGATES, Characters
from ovpipe.engines.grammars.ebnf.expression_tree import OneOf
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem

NONE: Final = Characters(())
DIGITS: Final = Characters.of([(ord("0"), ord("9"))])
WORD: Final = DIGITS | Characters.of([(ord("a"), ord("z")), (ord("A"), ord("Z")), (ord("_"), ord("_"))])
SPACE: Final = Characters.named(
    "\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
) | Characters.of([(0x2000, 0x200A)])
LINE: Final = Characters.named("\n\r\u2028\u2029").others()
"""What `.` takes: no end of a line."""

_SETS: Final[Mapping[str, Characters]] = MappingProxyType({"d": DIGITS, "w": WORD, "s": SPACE})
_CONTROLS: Final[Mapping[str, str]] = MappingProxyType(
    {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
)
_CODE: Final = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|c([a-zA-Z])")
_LOW_HALF: Final = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {"b": "word boundaries (\\b)", "B": "word boundaries (\\B)", "k": "back references (\\k)"}
    | {"p": "Unicode properties (\\p)", "P": "Unicode properties (\\P)"}
)


def just(character: str) -> OneOf:
    """A character that stands for itself."""
    return OneOf(Characters(((ord(character), ord(character)),)), NONE)


def sweeping(characters: Characters) -> OneOf:
    """Characters none of which was named."""
    return OneOf(NONE, characters)


def read_escape(pattern: str, at: int) -> tuple[OneOf, int]:
    """What the escape whose backslash stands at `at` takes, and the place behind it."""
    if at + 1 >= len(pattern):
        raise GrammarProblem(f"ends in a lone backslash at position {at}")
    letter = pattern[at + 1]
    if letter.lower() in _SETS:
        characters = _SETS[letter.lower()]
        return sweeping(characters if letter.islower() else characters.others()), at + 2
    code = _CODE.match(pattern, at + 1)
    if code is not None:
        return _of_code(pattern, code, at)
    if letter == "0" and pattern[at + 2 : at + 3].isdigit():
        raise GrammarProblem(f"has an octal escape at position {at}; write it as \\xHH")
    if letter in _CONTROLS:
        return just(_CONTROLS[letter]), at + 2
    if letter.isascii() and letter.isdigit():
        raise GrammarProblem(f"has back references (\\{letter}) at position {at}, which cannot be kept to")
    if letter.isalpha() and letter.isascii():
        what = _REFUSED.get(letter, f"an unknown escape, \\{letter},")
        raise GrammarProblem(f"has {what} at position {at}, which cannot be kept to")
    return just(letter), at + 2


def _of_code(pattern: str, code: re.Match[str], at: int) -> tuple[OneOf, int]:
    byte, half, point, control = code.groups()
    if control is not None:
        return just(chr(ord(control) % 32)), code.end()
    number = int(byte or half or point, 16)
    low = _LOW_HALF.match(pattern, code.end())
    if half and 0xD800 <= number <= 0xDBFF and low is not None:
        number = 0x10000 + ((number - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
        return just(chr(number)), low.end()
    if number > 0x10FFFF or SURROGATES[0] <= number <= SURROGATES[1]:
        raise GrammarProblem(f"names what is no character at position {at}")
    return just(chr(number)), code.end()


def read_class(pattern: str, at: int) -> tuple[OneOf, int]:
    """What the class whose bracket stands at `at` takes, and the place behind it."""
    start, at = at, at + 1
    negated = pattern[at : at + 1] == "^"
    at += negated
    meant, swept = NONE, NONE
    meant_ranges: list[tuple[int, int]] = []
    while pattern[at : at + 1] != "]":
        if at >= len(pattern):
            raise GrammarProblem(f"has a class ([) at position {start} that nothing closes")
        if pattern.startswith(("[:", "[=", "[."), at):
            raise GrammarProblem(f"has a POSIX class at position {at}; write its characters")
        member, behind = _member(pattern, at)
        first = _single(member)
        is_range = pattern[behind : behind + 1] == "-" and pattern[behind + 1 : behind + 2] not in ("]", "")
        if is_range and first is not None:
            end, after = _member(pattern, behind + 1)
            last = _single(end)
            if last is not None:
                if last < first:
                    raise GrammarProblem(f"has a range out of order at position {at}")
                meant_ranges.append((first, last))
                at = after
                continue
        meant_ranges += member.meant.ranges
        swept |= member.swept
        at = behind
    meant = Characters.of(meant_ranges)
    if not meant and not swept:
        raise GrammarProblem(f"has an empty class at position {start}")
    if negated:
        others = (meant | swept).others()
        if not others:
            raise GrammarProblem(f"has a class at position {start} that no character is in")
        return sweeping(others), at + 1
    return OneOf(meant & ALL, swept), at + 1


def _member(pattern: str, at: int) -> tuple[OneOf, int]:
    if pattern.startswith(r"\b", at):
        return just("\b"), at + 2
    if pattern[at] == "\\":
        return read_escape(pattern, at)
    return just(pattern[at]), at + 1


def _single(member: OneOf) -> int | None:
    """The one character that a member of a class names; None: it is a class itself."""
    (first, _), *_ = member.meant.ranges or ((-1, -1),)
    return None if member.swept else first
