"""WordPiece: of each word the longest token it begins with, then the longest of what is left, and so on."""

from __future__ import annotations

from ovpipe.modelling.tokenizing.content import TokenizerContent, refuse
from ovpipe.modelling.tokenizing.ops import Output, integers, strings_constant
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.whole_pieces import whole_name, with_whole_names

_NOWHERE = b"\xff"
"""A byte that no UTF-8 has."""
_UNKNOWN = "\U0010fffe"
"""A noncharacter, which is no token."""
_ANY_BYTES = 2**31 - 1


def encode_word_pieces(content: TokenizerContent, pieces: Pieces) -> list[Output]:
    """The token ids of the pieces, ragged."""
    model, ids = content.model, content.vocabulary
    unknown = ids.get(str(model.get("unk_token")))
    if unknown is None:
        raise refuse(
            "model", {"type": "WordPiece"}, f"has no token {model.get('unk_token')!r} for what is unknown"
        )
    # `tokenizers` counts characters, the operation bytes.
    longest = model.get("max_input_chars_per_word", 100)
    pieces = pieces.substitute(rf"\A(?s:.){{{longest + 1},}}\z", _UNKNOWN, once=True)
    added = {token.name: token.id for token in content.added_tokens}
    pieces = with_whole_names(pieces, added=added, ordinary_may_be_added=bool(added))
    names = [_NOWHERE + str(index).encode() for index in range(len(content.names))]
    for token, index in ids.items():
        names[index] = token.encode()
    for text, index in added.items():
        names[index] = whole_name(text.encode())
    return pieces.ops.create(
        "WordpieceTokenizer",
        [*pieces.ragged, *strings_constant(names), integers(unknown)],
        suffix_indicator=model.get("continuing_subword_prefix", "##"),
        max_bytes_per_word=_ANY_BYTES,
    )
