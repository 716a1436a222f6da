"""Added tokens, found in a text before and after it is normalized."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import openvino as ov
from openvino import opset13

from ovpipe.modelling.tokenizing.content import AddedToken, TokenizerContent, refuse
from ovpipe.modelling.tokenizing.normalizers import normalize
from ovpipe.modelling.tokenizing.ops import Ops, string_tensor
from ovpipe.modelling.tokenizing.patterns import BLANK, WORD, any_of
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.pre_tokenizers import BEGIN

_BLANKS_BEFORE = f"(?:(?<![{BLANK}])[{BLANK}]++)?+"
"""Blanks before a token, all of them: so a long run of blanks is tried once, not from each of them."""
_BLANKS_AFTER = f"[{BLANK}]*+"
_ORDINARY = r"\x{10fffe}"
"""A noncharacter, with which a piece begins that is no added token, while that is not known otherwise."""


def apart_and_normalized(content: TokenizerContent, pieces: Pieces) -> Pieces:
    """The pieces normalized, and the added tokens apart, before that or after it as they are declared."""
    before = any_token([token for token in content.added_tokens if not token.normalized])
    after = any_token([token for token in content.added_tokens if token.normalized])
    if before is not None:
        pieces = pieces.set_apart(f"(?|{before})")
    pieces = normalize(pieces, content.normalizers)
    if after is not None and before is not None:
        # OpenVINO's operation does not run on pieces some of which are added tokens already. So it finds
        # these once more, as whole pieces. A sign at its begin keeps any other piece from being one of them.
        known = any_of([token.content for token in content.added_tokens if not token.normalized])
        pieces = pieces.substitute(r"\A", chr(0x10FFFE), once=True).anew()
        pieces = pieces.set_apart(rf"(?|\A({known})\z|{after})")
        pieces = pieces.substitute(rf"\A{_ORDINARY}", "", once=True)
    elif after is not None:
        pieces = pieces.set_apart(f"(?|{after})")
    return pieces


def with_normal_names(content: TokenizerContent) -> TokenizerContent:
    """The content, in which each token that is found in normalized texts has the name that it has there."""
    normalized = [token.content for token in content.added_tokens if token.normalized]
    if not normalized or not content.normalizers:
        return content
    ops, texts = Ops(), opset13.parameter([-1], ov.Type.string)
    pieces = normalize(Pieces.of(ops, texts.output(0)), content.normalizers)
    model = ov.Core().compile_model(ov.Model(ops.pack(pieces.strings), [texts], "names"), "CPU")
    names = model(string_tensor([text.encode() for text in normalized]))[0].tolist()
    normal = dict(zip(normalized, names, strict=True))
    added = (
        replace(token, normal=normal[token.content]) if token.normalized else token
        for token in content.added_tokens
    )
    return replace(content, added_tokens=tuple(token for token in added if token.name))


def with_signed_begin(content: TokenizerContent, pieces: Pieces) -> Pieces:
    """The pieces, not cut yet, with a sign at the begin of each that begins with no added token."""
    for step in content.normalizers:
        if step["type"] not in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Replace"):
            raise refuse("normalizer", step, "stands before a Metaspace that treats the first word otherwise")
    token = any_token([token for token in content.added_tokens if not token.normalized])
    pattern = r"\A(?=[\s\S])" if token is None else rf"\A(?!{token})(?=[\s\S])"
    return pieces.substitute(pattern, BEGIN, once=True)


def any_token(tokens: Iterable[AddedToken]) -> str | None:
    """Finds the tokens, each with the blanks that belong to it; None where there are no tokens.

    Of tokens that begin at one place the longest is found, among those that treat what is around them alike.
    Each alternative has one group, the token itself.
    """
    by_surroundings: dict[tuple[str, str], list[str]] = {}
    for token in sorted(tokens, key=lambda token: (-len(token.name), token.name)):
        before = (_BLANKS_BEFORE if token.lstrip else "") + (f"(?<![{WORD}])" if token.single_word else "")
        after = (f"(?![{WORD}])" if token.single_word else "") + (_BLANKS_AFTER if token.rstrip else "")
        by_surroundings.setdefault((before, after), []).append(token.name)
    return "|".join(f"{b}({any_of(found)}){a}" for (b, a), found in by_surroundings.items()) or None
