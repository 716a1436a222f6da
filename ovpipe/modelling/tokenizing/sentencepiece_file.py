"""A tokenizer.model of SentencePiece as the content of a tokenizer.json.

The file is a message of Protocol Buffers (sentencepiece, src/sentencepiece_model.proto), of which a few
fields are read: pieces (1: text 1, score 2, type 3), the trainer's (2: kind of model 3, ids of special tokens
40 to 43, byte fallback 35) and the normalizer's (3: charsmap 2, a blank put before 3, blanks taken out 4).
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.tokenizing.gguf import TokenType, tokenizer_of_gguf
from ovpipe.modelling.unsupported import UnsupportedModel

_REMEDY = "The model's tokenizer.json, where its publisher has one, says all of it: put it beside the model."
_BYTE_PAIRS = 2


@dataclass
class _Content:
    pieces: list[tuple[str, float, int]] = field(default_factory=list)
    kind: int = 1
    byte_fallback: bool = False
    ids: dict[str, int] = field(default_factory=lambda: {"unknown": 0, "bos": 1, "eos": 2, "padding": -1})
    charsmap: bytes = b""
    prefixed: bool = True
    no_extra_blanks: bool = True


def tokenizer_of_sentencepiece(path: Path) -> dict[str, Any]:
    """The content of the tokenizer.json; bos is put before a text.

    Raises BrokenModel for a file that is none of SentencePiece, and UnsupportedModel for one that is no
    byte-pair model with bytes for the unknown, or that changes texts otherwise than by a blank before them.
    """
    try:
        content = _content(path.read_bytes())
    except (struct.error, IndexError, UnicodeDecodeError, TypeError) as error:
        raise BrokenModel(path, f"is no model of SentencePiece: {error}") from None
    if not content.pieces:
        raise BrokenModel(path, "has no pieces")
    if content.kind != _BYTE_PAIRS or not content.byte_fallback:
        raise UnsupportedModel(f"{path} is no byte-pair model with bytes for the unknown", _REMEDY)
    if content.charsmap or content.no_extra_blanks:
        changed = base64.b64encode(content.charsmap[:6]).decode() or "extra blanks"
        raise UnsupportedModel(f"{path} normalizes texts ({changed}), which ovpipe does not build", _REMEDY)
    fields: dict[str, Any] = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [text for text, _, _ in content.pieces],
        "tokenizer.ggml.scores": [score for _, score, _ in content.pieces],
        "tokenizer.ggml.token_type": [TokenType(kind) for _, _, kind in content.pieces],
        "tokenizer.ggml.add_space_prefix": content.prefixed,
        **{f"tokenizer.ggml.{name}_token_id": index for name, index in content.ids.items() if index >= 0},
    }
    return tokenizer_of_gguf(fields)


def _content(data: bytes) -> _Content:
    found = _Content()
    for number, value in _fields(data):
        if number == 1:
            piece = dict(_fields(_message(value)))
            (score,) = struct.unpack("<f", piece.get(2, bytes(4)))
            found.pieces.append((_message(piece[1]).decode(), score, int(piece.get(3, TokenType.NORMAL))))
        elif number == 2:
            trainer = dict(_fields(_message(value)))
            found.kind = int(trainer.get(3, 1))
            found.byte_fallback = bool(trainer.get(35, 0))
            for at, name in ((40, "unknown"), (41, "bos"), (42, "eos"), (43, "padding")):
                found.ids[name] = _signed(int(trainer.get(at, found.ids[name])))
        elif number == 3:
            normalizer = dict(_fields(_message(value)))
            found.charsmap = _message(normalizer.get(2, b""))
            found.prefixed = bool(normalizer.get(3, 1))
            found.no_extra_blanks = bool(normalizer.get(4, 1))
    return found


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message: numbers as int, others as bytes."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _number(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _number(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire, -1)
        if size < 0 or at + size > len(data):
            raise IndexError("a field goes beyond the end")
        yield key >> 3, data[at : at + size]
        at += size


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _message(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a number stands for a message")
    return value


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
