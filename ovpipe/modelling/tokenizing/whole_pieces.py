"""Pieces that are a token as a whole: they get a name that stands nowhere else in a text.

OpenVINO's operations find a token by its name, in an added token and in any other piece alike. A sign before
and after it, of a noncharacter, makes another name of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ovpipe.modelling.tokenizing.content import TokenizerContent
from ovpipe.modelling.tokenizing.patterns import any_of, literal
from ovpipe.modelling.tokenizing.pieces import Pieces

_SIGN = "\U0010ffff"
_ORDINARY = "\U0010fffd"
"""What a piece begins with that is no added token, while the others get their names."""


def whole_name(name: bytes) -> bytes:
    """The name of a piece that is this as a whole."""
    return _SIGN.encode() + name + _SIGN.encode()


def with_whole_names(
    pieces: Pieces,
    *,
    added: Collection[str] = (),
    words: Iterable[str] = (),
    ordinary_may_be_added: bool = False,
) -> Pieces:
    """Gives those names to `added`, where added tokens are these, and to `words`, where other pieces are.

    `ordinary_may_be_added`: other pieces may be what an added token is called.
    """
    pieces = _named(pieces, words, added=False)
    if not added:
        return pieces
    if ordinary_may_be_added:
        pieces = pieces.substitute(r"\A", _ORDINARY, once=True)
    pieces = _named(pieces, added, added=True)
    if ordinary_may_be_added:
        pieces = pieces.substitute(rf"\A{literal(_ORDINARY)}", "", once=True)
    return pieces


def ordinary_may_be_added(content: TokenizerContent) -> bool:
    """Whether a piece that is no added token may have the name of one in it.

    Where a text is cut at every such name none has, unless a normalizer makes one.
    """
    harmless = {"NFC", "Prepend", "Replace"}
    return any(token.single_word for token in content.added_tokens) or any(
        step["type"] not in harmless for step in content.normalizers
    )


def _named(pieces: Pieces, texts: Iterable[str], *, added: bool) -> Pieces:
    found = any_of(list(texts))
    if not found:
        return pieces
    return pieces.substitute(rf"\A(?:{found})\z", f"{_SIGN}$0{_SIGN}", once=True, added=added)
