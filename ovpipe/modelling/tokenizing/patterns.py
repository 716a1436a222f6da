r"""Regular expressions of Oniguruma, which `tokenizers` runs, in the words of PCRE2, which OpenVINO runs.

Both know \p{...}, look-around, lazy and possessive repeats. They differ in: \h, a hex digit there and a blank
here; \s, which here includes U+180E; ^ and $, which there are at lines; [a[bc]] and [a&&b], which only there
are sets of sets; and \w.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ovpipe.modelling.unsupported import UnsupportedModel

BLANK = r"\x{9}-\x{d} \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
"""The members of \\s: Unicode's White_Space."""
WORD = r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}"
"""The members of \\w: Alphabetic, marks, decimal digits, connectors and joiners."""

_SETS = {"s": BLANK, "w": WORD, "h": "0-9a-fA-F"}


def literal(text: str) -> str:
    """A pattern that finds this text and nothing else."""
    return "".join(character if character.isalnum() else f"\\x{{{ord(character):x}}}" for character in text)


def any_of(texts: Sequence[str]) -> str:
    """A pattern of these texts, the longest first, in which those that begin alike share their beginning.

    So at a place of a text that no token begins at it is the first character that says so, not thousands of
    alternatives.
    """
    branches: list[str] = []
    for _, group in groupby(sorted(set(texts)), key=lambda text: text[0]):
        alike = list(group)
        shared = _shared_begin(alike[0], alike[-1])
        rests = [text[len(shared) :] for text in alike]
        if rests == [""]:
            branches.append(literal(shared))
        elif "" in rests:
            branches.append(f"{literal(shared)}(?:{any_of([rest for rest in rests if rest])})?")
        else:
            branches.append(f"{literal(shared)}(?:{any_of(rests)})")
    return "|".join(branches)


def members(codes: Sequence[int]) -> str:
    """These characters, in order, as they stand in a set."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = ranges[-1][0], code
        else:
            ranges.append((code, code))
    return "".join(f"\\x{{{begin:x}}}-\\x{{{end:x}}}" for begin, end in ranges)


def translated(pattern: str) -> str:
    """The same pattern for PCRE2; raises UnsupportedModel where it has no such thing."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            parts.append(_escape(pattern, at))
            at += 2
        elif character == "[":
            found, at = _set(pattern, at)
            parts.append(found)
        else:
            parts.append({"^": "(?m:^)", "$": "(?m:$)"}.get(character, character))
            at += 1
    return "".join(parts)


def _escape(pattern: str, at: int) -> str:
    letter = pattern[at + 1 : at + 2]
    known = _SETS.get(letter.lower())
    _refuse(letter in ("G", "X", "O", "N", "y", "Y", "g"), pattern, f"\\{letter}")
    if known is None:
        return f"\\{letter}"
    return f"[{known}]" if letter.islower() else f"[^{known}]"


def _set(pattern: str, begin: int) -> tuple[str, int]:
    """The set that begins here, and where it ends."""
    parts, at = ["["], begin + 1
    if pattern[at : at + 1] == "^":
        parts.append("^")
        at += 1
    if pattern[at : at + 1] == "]":  # the first of a set is a member
        parts.append("\\]")
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "\\":
            letter = pattern[at + 1 : at + 2]
            known = _SETS.get(letter)
            _refuse(letter == "H", pattern, "[\\H]")
            parts.append(f"\\{letter}" if known is None else known)
            at += 2
        elif pattern.startswith("[:", at) and ":]" in pattern[at:]:
            end = pattern.index(":]", at) + 2
            parts.append(pattern[at:end])
            at = end
        else:
            _refuse(pattern[at] == "[" or pattern.startswith("&&", at), pattern, "a set within a set")
            parts.append(pattern[at])
            at += 1
    return "".join(parts) + "]", at + 1


def _refuse(refused: bool, pattern: str, what: str) -> None:
    if refused:
        raise UnsupportedModel(
            f"the tokenizer splits texts by {pattern!r}; OpenVINO's regular expressions do not have {what}"
        )


def _shared_begin(first: str, last: str) -> str:
    """What two texts begin with; and all that stand between them in order."""
    count = 0
    while count < min(len(first), len(last)) and first[count] == last[count]:
        count += 1
    return first[:count]
