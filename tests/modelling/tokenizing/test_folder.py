"""Folders whose tokenizer is in SentencePiece's file, or in Mistral's."""

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.tokenizing.folder import read_tokenizer
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.tokenizing.equality import assert_equal

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
BYTE_PAIRS, UNIGRAMS = 2, 1
SPECIAL = [("<unk>", 0.0, UNKNOWN), ("<s>", 0.0, CONTROL), ("</s>", 0.0, CONTROL)]
BYTES = [(f"<0x{byte:02X}>", 0.0, BYTE) for byte in range(256)]
WORDS = ["▁t", "▁the", "he", "▁▁", "▁a", "in", "on", "▁on", "an"]
LETTERS = "▁etaoinshrdlu"


def number(value: int) -> bytes:
    """As Protocol Buffers write it."""
    more, part = value >> 7, value & 0x7F
    return bytes([part]) if not more else bytes([part | 0x80]) + number(more)


def message(at: int, content: bytes) -> bytes:
    return number(at << 3 | 2) + number(len(content)) + content


def flag(at: int, value: int) -> bytes:
    return number(at << 3) + number(value)


def sentencepiece(pieces: list[tuple[str, float, int]], *, kind: int = BYTE_PAIRS, blanks: int = 0) -> bytes:
    """A tokenizer.model; `blanks`: whether it takes extra ones out."""
    written = [
        message(1, message(1, text.encode()) + number(2 << 3 | 5) + struct.pack("<f", score) + flag(3, of))
        for text, score, of in pieces
    ]
    trainer = message(2, flag(3, kind) + flag(35, 1) + flag(43, 2**64 - 1))
    return b"".join(written) + trainer + message(3, flag(3, 1) + flag(4, blanks))


def pieces() -> list[tuple[str, float, int]]:
    words = [(word, -float(index), NORMAL) for index, word in enumerate(WORDS)]
    letters = [(letter, -100.0 - index, NORMAL) for index, letter in enumerate(LETTERS)]
    return [*SPECIAL, *BYTES, *words, *letters, ("<tool>", 0.0, USER_DEFINED)]


def test_pieces_are_joined_by_their_scores(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(sentencepiece(pieces()))
    content = read_tokenizer(tmp_path)
    assert content["model"]["merges"][:3] == [["▁", "t"], ["▁t", "he"], ["h", "e"]]
    assert [token["content"] for token in content["added_tokens"]] == ["<unk>", "<s>", "</s>", "<tool>"]
    tokenizer = assert_equal(tmp_path, content)
    # "▁t" has the best score, so "▁the" is "▁t" and "he"; what is no piece is its bytes.
    assert tokenizer.encode("the té").input_ids.data.tolist() == [[1, 260, 259, 3 + 0xC3, 3 + 0xA9]]
    assert tokenizer.decode([260, 259, 3 + 0xC3, 3 + 0xA9]) == "the té"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x0a\xff\x01abc", "is no model of SentencePiece: a field goes beyond the end"),
        (b"\xff", "is no model of SentencePiece"),
        (b"", "has no pieces"),
        (message(1, flag(1, 3)), "is no model of SentencePiece: a number stands for a message"),
    ],
)
def test_a_broken_file_is_told(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(BrokenModel, match=f"tokenizer.model: {message}"):
        read_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (sentencepiece(pieces(), kind=UNIGRAMS), "is no byte-pair model with bytes for the unknown"),
        (sentencepiece(pieces(), blanks=1), "normalizes texts"),
    ],
)
def test_other_models_of_sentencepiece_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(UnsupportedModel, match=f"{message}.*tokenizer.json, where its publisher has one"):
        read_tokenizer(tmp_path)


def tekken(**more: Any) -> dict[str, Any]:
    strings = [bytes([byte]) for byte in range(256)] + [b"th", b"the", b" t", b" the", "é".encode(), b"never"]
    entries = [
        {"rank": rank, "token_bytes": base64.b64encode(one).decode(), "token_str": None}
        for rank, one in enumerate(strings)
    ]
    config = {"pattern": r" ?\p{L}+|\s+", "default_vocab_size": 263, "default_num_special_tokens": 4}
    return {"config": config, "vocab": entries, **more}


def test_mistrals_strings_are_joined_by_their_ranks(tmp_path: Path) -> None:
    (tmp_path / "tekken.json").write_text(json.dumps(tekken()))
    content = read_tokenizer(tmp_path)
    assert [token["content"] for token in content["added_tokens"]] == ["<unk>", "<s>", "</s>", "[INST]"]
    tokenizer = assert_equal(tmp_path, content)
    th, the, blank_t = 4 + 256, 4 + 257, 4 + 258  # of 263 ids 4 are special, so " the" has none
    ids = tokenizer.encode("the theé[INST] th t").input_ids.data[0].tolist()
    assert ids == [1, the, 4 + ord(" "), the, 4 + 0xC3, 4 + 0xA9, 3, 4 + ord(" "), th, blank_t]


def test_mistrals_newer_files_name_their_special_tokens(tmp_path: Path) -> None:
    named = [
        {"rank": 1, "token_str": "<s>", "is_control": True},
        {"rank": 2, "token_str": "[THINK]", "is_control": True},
    ]
    (tmp_path / "tekken.json").write_text(json.dumps(tekken(special_tokens=named)))
    added = read_tokenizer(tmp_path)["added_tokens"]
    assert [token["content"] for token in added] == ["<SPECIAL_0>", "<s>", "[THINK]", "<SPECIAL_3>"]


def test_the_first_file_of_a_tokenizer_counts(tmp_path: Path) -> None:
    with pytest.raises(
        BrokenModel, match="has no tokenizer: none of tokenizer.json, tokenizer.model, tekken.json"
    ):
        read_tokenizer(tmp_path)
    (tmp_path / "tekken.json").write_text("{}")
    with pytest.raises(BrokenModel, match="tekken.json: is none that mistral-common writes: KeyError"):
        read_tokenizer(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(sentencepiece(pieces()))
    assert len(read_tokenizer(tmp_path)["model"]["vocab"]) == len(pieces())
    (tmp_path / "tokenizer.json").write_text('{"model": 1}')
    assert read_tokenizer(tmp_path) == {"model": 1}
    (tmp_path / "tokenizer.json").write_text("[]")
    with pytest.raises(BrokenModel, match="tokenizer.json: is not a JSON object"):
        read_tokenizer(tmp_path)
