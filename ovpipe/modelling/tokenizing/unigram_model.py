"""Unigram language models: of all ways to cut a piece into tokens the most probable.

OpenVINO's operation knows no bytes. Where unknown characters are to become tokens of their bytes, a charsmap
makes of each of their bytes a private character before, and those are named like the bytes' tokens.
"""

from __future__ import annotations

import numpy as np
import openvino as ov
from openvino import opset13

from ovpipe.modelling.tokenizing.charsmap import compiled, constant_of
from ovpipe.modelling.tokenizing.content import TokenizerContent, refuse
from ovpipe.modelling.tokenizing.ops import Output, integers, strings_constant
from ovpipe.modelling.tokenizing.pieces import Pieces
from ovpipe.modelling.tokenizing.whole_pieces import ordinary_may_be_added, whole_name, with_whole_names

_NOWHERE = b"\xff"
"""A byte that no UTF-8 has."""
_FIRST_BYTE = 0xF0000
"""The private character that stands for the byte 0; the others follow."""


def encode_unigram(content: TokenizerContent, pieces: Pieces) -> list[Output]:
    """The token ids of the pieces, ragged."""
    unknown = content.model.get("unk_id")
    if unknown is None:
        raise refuse("model", {"type": "Unigram"}, "has no unk_id")
    bytes_ = _byte_tokens(content) if content.model.get("byte_fallback") else {}
    if bytes_:
        pieces = _bytes_of_unknown(content, pieces)
    added = {token.name: token.id for token in content.added_tokens}
    pieces = with_whole_names(
        pieces, added=added, ordinary_may_be_added=bool(added) and ordinary_may_be_added(content)
    )
    scores = [float(score) for _, score in content.model["vocab"]]
    names = [_NOWHERE + str(index).encode() for index in range(len(content.names))]
    for token, index in content.vocabulary.items():
        if token and "\0" not in token:  # the operation's names end at a NUL
            names[index] = token.encode()
    for text, index in added.items():
        names[index] = whole_name(text.encode())
    names += [chr(_FIRST_BYTE + byte).encode() for byte in bytes_]
    scores += [max(scores)] * (len(names) - len(scores))
    logarithms = opset13.constant(np.array(scores, np.float32), ov.Type.f32)
    begins, ends, ids = pieces.ops.create(
        "UnigramTokenizer",
        [*pieces.ragged, *strings_constant(names), logarithms.output(0)],
        byte_fallback=False,
        unk_token_id=unknown,
        fuse_unk=True,
    )
    if bytes_:  # those private characters have names after all the others
        known = [*range(len(names) - len(bytes_)), *bytes_.values()]
        ids = opset13.gather(integers(known), ids, integers(0)).output(0)
    return [begins, ends, ids]


def _byte_tokens(content: TokenizerContent) -> dict[int, int]:
    ids = content.vocabulary
    found = {byte: ids[name] for byte in range(256) if (name := f"<0x{byte:02X}>") in ids}
    if found and len(found) < 256:
        raise refuse("model", {"type": "Unigram"}, f"has tokens for {len(found)} of 256 bytes")
    return found


def _bytes_of_unknown(content: TokenizerContent, pieces: Pieces) -> Pieces:
    known = {token for token in content.vocabulary if len(token) == 1}
    for token in content.vocabulary:
        others = set(token) - known
        if others and token not in {added.content for added in content.added_tokens}:
            if token.startswith("<0x"):
                continue
            raise refuse("model", {"type": "Unigram"}, f"has the token {token!r}, but not all its characters")
    replacements = {bytes([byte]): chr(_FIRST_BYTE + byte).encode() for byte in range(1, 256)}
    same = known | {chr(_FIRST_BYTE)}
    replacements |= {character.encode(): character.encode() for character in same if character != "\0"}
    if "\0" not in known:  # no charsmap has it
        pieces = pieces.substitute(r"\x{0}", chr(_FIRST_BYTE))
    return pieces.map_characters(charsmap=constant_of(compiled(replacements)))
