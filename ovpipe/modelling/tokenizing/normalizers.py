"""The normalizers of a tokenizer.json."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ovpipe.modelling.tokenizing.content import Step, refuse
from ovpipe.modelling.tokenizing.patterns import BLANK, literal, translated
from ovpipe.modelling.tokenizing.pieces import Pieces


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


def _form(name: str) -> Callable[[Pieces, Step], Pieces]:
    return lambda pieces, step: pieces.map_characters(form=name)


_BUILDERS: Mapping[str, Callable[[Pieces, Step], Pieces]] = {
    "NFC": _form("nfc"),
    "NFD": _form("nfd"),
    "NFKC": _form("nfkc"),
    "NFKD": _form("nfkd"),
    "Replace": _replace,
    "Prepend": _prepend,
    "Strip": _strip,
}
