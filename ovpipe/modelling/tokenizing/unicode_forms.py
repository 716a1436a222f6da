"""Unicode's normal forms, closer to their definition than OpenVINO's operation is.

The operation replaces strings by their normal form, the longest first. It does not put marks into their
canonical order, and composes no mark with a letter that has one already, as Vietnamese keyboards type them.
So marks are ordered before, and such letters composed after.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

from ovpipe.modelling.tokenizing.charsmap import charsmap_constant
from ovpipe.modelling.tokenizing.patterns import members
from ovpipe.modelling.tokenizing.pieces import Pieces

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_PASSES = 3
"""Each brings a mark forward by one or more; that many out of order are more than any language writes."""


def in_form(pieces: Pieces, form: Form) -> Pieces:
    """The pieces in a normal form."""
    composes = form in ("NFC", "NFKC")
    if composes:
        pieces = _ordered(pieces)
    pieces = pieces.map_characters(form=form.lower())
    if not composes:
        return _ordered(pieces)
    return pieces.map_characters(charsmap=charsmap_constant(_compositions()))


def _ordered(pieces: Pieces) -> Pieces:
    """The pieces with marks in the order of their combining classes, as far as a few passes bring them."""
    pattern = _out_of_order()
    for _ in range(_PASSES):
        pieces = pieces.substitute(pattern, "$2$1")
    return pieces


def _out_of_order() -> str:
    """Finds a mark of any class and one of a lower class after it."""
    by_class: dict[int, list[int]] = defaultdict(list)
    for code in range(sys.maxunicode + 1):
        if combining := unicodedata.combining(chr(code)):
            by_class[combining].append(code)
    lower: list[int] = []
    alternatives: list[str] = []
    for combining in sorted(by_class):
        if lower:
            alternatives.append(f"([{members(by_class[combining])}])([{members(sorted(lower))}])")
        lower += by_class[combining]
    return rf"(?=\p{{M}})(?|{'|'.join(alternatives)})"


def _compositions() -> dict[bytes, bytes]:
    """What letters that have marks become with another one."""
    composed = [one for one in _characters() if _is_pair(unicodedata.decomposition(one))]
    marks = {one for letter in composed for one in unicodedata.normalize("NFD", letter)[1:]}
    letters = [one for one in composed if unicodedata.normalize("NFC", one) == one]
    found: dict[bytes, bytes] = {}
    for letter in letters:
        for mark in marks:
            text = letter + mark
            if unicodedata.combining(mark) and (normal := unicodedata.normalize("NFC", text)) != text:
                found[text.encode()] = normal.encode()
    return found


def _characters() -> Iterable[str]:
    return (chr(code) for code in range(1, sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)


def _is_pair(decomposition: str) -> bool:
    return " " in decomposition and not decomposition.startswith("<")
