"""The normalizers of a tokenizer.json."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from ovpipe.modelling.tokenizing.charsmap import compiled, constant_of
from ovpipe.modelling.tokenizing.content import Step, refuse
from ovpipe.modelling.tokenizing.patterns import BLANK, literal, translated
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.unicode_forms import Form, in_form


def normalize(pieces: Pieces, steps: Iterable[Step]) -> Pieces:
    """The pieces after these steps; raises UnsupportedModel for one that ovpipe does not build."""
    for step in steps:
        build = _BUILDERS.get(step["type"])
        if build is None:
            raise refuse("normalizer", step)
        pieces = build(pieces, step)
    return pieces


def pattern_of(part: str, step: Step) -> str:
    """The `pattern` of a step, which is a string or a regular expression."""
    pattern: Mapping[str, Any] = step["pattern"]
    if "Regex" in pattern:
        return translated(pattern["Regex"])
    if not pattern.get("String"):
        raise refuse(part, step, "has no pattern")
    return literal(pattern["String"])


def replacement_of(part: str, step: Step, text: str) -> str:
    """A text as a replacement that means itself."""
    if re.search(r"\\[1-9]", text):
        raise refuse(part, step, f"puts {text!r}, in which OpenVINO reads a group")
    return text.replace("$", "$$")


def _replace(pieces: Pieces, step: Step) -> Pieces:
    content = step["content"]
    found = step["pattern"].get("String")
    # OpenVINO has room for four bytes of each of the text, and returns the text where that is too little.
    if len(content.encode()) > 4 * len((found or "x").encode()):
        raise refuse("normalizer", step, f"puts {content!r}, which is too long for OpenVINO's operation")
    return pieces.substitute(pattern_of("normalizer", step), replacement_of("normalizer", step, content))


def _prepend(pieces: Pieces, step: Step) -> Pieces:
    return pieces.substitute(r"\A(?=[\s\S])", replacement_of("normalizer", step, step["prepend"]), once=True)


def _strip(pieces: Pieces, step: Step) -> Pieces:
    left = rf"\A[{BLANK}]++" if step.get("strip_left") else ""
    right = rf"(?<![{BLANK}])[{BLANK}]++\z" if step.get("strip_right") else ""
    ends = "|".join(end for end in (left, right) if end)
    return pieces.substitute(ends, "") if ends else pieces


def _lowercase(pieces: Pieces, step: Step) -> Pieces:
    return pieces.map_characters(charsmap=constant_of(_lower_cases()))


@cache
def _lower_cases() -> bytes:
    """Every character that has a lower case, alone: a final sigma is a sigma."""
    characters = map(chr, range(sys.maxunicode + 1))
    return compiled({one.encode(): lower.encode() for one in characters if (lower := one.lower()) != one})


def _strip_accents(pieces: Pieces, step: Step) -> Pieces:
    return pieces.substitute(r"\p{M}", "")


def _bert(pieces: Pieces, step: Step) -> Pieces:
    if step.get("clean_text", True):
        pieces = pieces.substitute(r"[^\P{C}\t\n\r\p{Cn}\p{Cs}]|\x{fffd}", "").substitute(f"[{BLANK}]", " ")
    if step.get("handle_chinese_chars", True):
        pieces = pieces.substitute(_CHINESE, " $0 ")
    strips = step.get("strip_accents")
    if step.get("lowercase", True) if strips is None else strips:
        pieces = in_form(pieces, "NFD").substitute(r"\p{Mn}", "")
    return _lowercase(pieces, step) if step.get("lowercase", True) else pieces


_CHINESE = (
    r"[\x{4e00}-\x{9fff}\x{3400}-\x{4dbf}\x{20000}-\x{2a6df}\x{2a700}-\x{2b73f}\x{2b740}-\x{2b81f}"
    r"\x{2b920}-\x{2ceaf}\x{f900}-\x{faff}\x{2f800}-\x{2fa1f}]"
)
"""What huggingface/tokenizers takes for Chinese (normalizers/bert.rs)."""


def _precompiled(pieces: Pieces, step: Step) -> Pieces:
    content = base64.b64decode(step["precompiled_charsmap"] or "")
    if not content:
        return pieces
    return pieces.map_characters(charsmap=constant_of(content))


def _form(name: Form) -> Callable[[Pieces, Step], Pieces]:
    return lambda pieces, step: in_form(pieces, name)


_BUILDERS: Mapping[str, Callable[[Pieces, Step], Pieces]] = {
    "NFC": _form("NFC"),
    "NFD": _form("NFD"),
    "NFKC": _form("NFKC"),
    "NFKD": _form("NFKD"),
    "Replace": _replace,
    "Prepend": _prepend,
    "Strip": _strip,
    "Lowercase": _lowercase,
    "StripAccents": _strip_accents,
    "BertNormalizer": _bert,
    "Precompiled": _precompiled,
}
