"""Unicode's normal forms, closer to their definition than OpenVINO's operation is.

The operation replaces strings by their normal form, the longest first. It does not put marks into their
canonical order, and composes no mark with a letter that has one already, as Vietnamese keyboards type them.
So marks are ordered before, and such letters composed after.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from functools import cache
from typing import Literal

from ovpipe.modelling.tokenizing.charsmap import compiled, constant_of
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
    return pieces.map_characters(charsmap=constant_of(_compositions()))


def _ordered(pieces: Pieces) -> Pieces:
    """The pieces with marks in the order of their combining classes, as far as a few passes bring them."""
    pattern = _out_of_order()
    for _ in range(_PASSES):
        pieces = pieces.substitute(pattern, "$2$1")
    return pieces


@cache
def _out_of_order() -> str:
    """Finds a mark of any class and one of a lower class after it."""
    by_class: dict[int, list[int]] = defaultdict(list)
    for code, combining in enumerate(map(unicodedata.combining, map(chr, range(sys.maxunicode + 1)))):
        if combining:
            by_class[combining].append(code)
    lower: list[int] = []
    alternatives: list[str] = []
    for combining in sorted(by_class):
        if lower:
            alternatives.append(f"([{members(by_class[combining])}])([{members(sorted(lower))}])")
        lower += by_class[combining]
    return rf"(?=\p{{M}})(?|{'|'.join(alternatives)})"


@cache
def _compositions() -> bytes:
    """What letters that have marks become with another one, as a charsmap."""
    decompositions = enumerate(map(unicodedata.decomposition, map(chr, range(sys.maxunicode + 1))))
    composed = [chr(code) for code, into in decompositions if into and _is_pair(into)]
    marks = {one for letter in composed for one in unicodedata.normalize("NFD", letter)[1:]}
    letters = [one for one in composed if unicodedata.normalize("NFC", one) == one]
    found: dict[bytes, bytes] = {}
    for letter in letters:
        for mark in marks:
            text = letter + mark
            if unicodedata.combining(mark) and (normal := unicodedata.normalize("NFC", text)) != text:
                found[text.encode()] = normal.encode()
    return compiled(found)


def _is_pair(decomposition: str) -> bool:
    return " " in decomposition and not decomposition.startswith("<")
