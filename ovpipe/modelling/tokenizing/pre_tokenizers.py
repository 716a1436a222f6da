"""The pre-tokenizers of a tokenizer.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ovpipe.modelling.tokenizing.content import Step, refuse
from ovpipe.modelling.tokenizing.normalizers import pattern_of
from ovpipe.modelling.tokenizing.patterns import BLANK, WORD, literal, translated
from ovpipe.modelling.tokenizing.pieces import Pieces

GPT2_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""openai/gpt-2, src/encoder.py."""


BEGIN = "\U0010fffc"
"""A private character: the sign at the begin of a text where the first word is treated otherwise."""


def begins_are_signed(steps: Sequence[Step]) -> bool:
    """Whether one of these steps wants the sign at the begin of a text."""
    return any(step["type"] == "Metaspace" and _scheme(step) == "first" for step in steps)


def pre_tokenize(pieces: Pieces, steps: Sequence[Step]) -> Pieces:
    """The pieces after these steps; raises UnsupportedModel for one that ovpipe does not build."""
    for index, step in enumerate(steps):
        build = _BUILDERS.get(step["type"])
        if build is None:
            raise refuse("pre_tokenizer", step)
        if step["type"] == "ByteLevel" and index < len(steps) - 1:
            raise refuse("pre_tokenizer", step, "is not the last one")
        pieces = build(pieces, step)
    return pieces


def _split(pieces: Pieces, step: Step) -> Pieces:
    return split_by(pieces, pattern_of("pre_tokenizer", step), step)


def split_by(pieces: Pieces, pattern: str, step: Step) -> Pieces:
    """Cuts at what the pattern finds, or does not find, by the behavior and the invert of a step."""
    behaviour, invert = step["behavior"], bool(step.get("invert", False))
    if behaviour == "Removed":
        return pieces.split(pattern, "remove", invert=invert)
    if behaviour == "Isolated":
        return pieces.split(pattern, "isolate")
    if behaviour == "Contiguous":
        return pieces.split(f"(?:{pattern})+", "isolate")
    if invert or behaviour not in ("MergedWithPrevious", "MergedWithNext"):
        raise refuse("pre_tokenizer", step, f"has the behavior {behaviour!r}, inverted or not")
    if behaviour == "MergedWithPrevious":
        return pieces.split(f"(?s:.*?)(?:{pattern})", "isolate")
    return pieces.split(f"(?:{pattern})(?:(?!{pattern})(?s:.))*+", "isolate")


def _byte_level(pieces: Pieces, step: Step) -> Pieces:
    if step.get("add_prefix_space", True):
        pieces = pieces.substitute(r"\A(?=[^ ])", " ", once=True)
    return pieces.split(translated(GPT2_WORDS), "isolate") if step.get("use_regex", True) else pieces


def _digits(pieces: Pieces, step: Step) -> Pieces:
    return pieces.split(r"\p{N}" if step.get("individual_digits") else r"\p{N}+", "isolate")


def _scheme(step: Step) -> str:
    return str(step.get("prepend_scheme", "always" if step.get("add_prefix_space", True) else "never"))


def _metaspace(pieces: Pieces, step: Step) -> Pieces:
    replacement = step.get("replacement", "▁")
    blank = literal(replacement)
    pieces = pieces.substitute(" ", replacement)
    if _scheme(step) == "always":
        pieces = pieces.substitute(rf"\A(?=[^{blank}])", replacement, once=True)
    elif _scheme(step) == "first":
        pieces = pieces.substitute(rf"\A{literal(BEGIN)}(?=[^{blank}])", replacement, once=True)
        pieces = pieces.substitute(rf"\A{literal(BEGIN)}", "", once=True)
    return pieces.split(f"{blank}[^{blank}]*+", "isolate") if step.get("split", True) else pieces


def _bert(pieces: Pieces, step: Step) -> Pieces:
    return _whitespace_split(pieces, step).split(_PUNCTUATION, "isolate")


def _whitespace_split(pieces: Pieces, step: Step) -> Pieces:
    return pieces.split(f"[{BLANK}]+", "remove")


def _whitespace(pieces: Pieces, step: Step) -> Pieces:
    return pieces.split(f"[{WORD}]+|[^{WORD}{BLANK}]+", "remove", invert=True)


def _punctuation(pieces: Pieces, step: Step) -> Pieces:
    return split_by(pieces, _PUNCTUATION, {"behavior": "Isolated", **step})


_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}]"
"""Of ASCII more than Unicode calls so: a dollar is one."""

_BUILDERS: Mapping[str, Callable[[Pieces, Step], Pieces]] = {
    "Split": _split,
    "ByteLevel": _byte_level,
    "Digits": _digits,
    "Metaspace": _metaspace,
    "BertPreTokenizer": _bert,
    "Whitespace": _whitespace,
    "WhitespaceSplit": _whitespace_split,
    "Punctuation": _punctuation,
}
