"""Tokens as logprobs show them, by a tokenizer with SentencePiece's names: ▁ for a space, <0xE4> for a byte."""

from __future__ import annotations

from pathlib import Path

import openvino as ov
import pytest
from openvino_tokenizers.tokenizer_pipeline import (
    ByteFallbackStep,
    FuseStep,
    RegexDecodingStep,
    TokenizerPipeline,
    UTF8ValidateStep,
    VocabDecoderStep,
)
from openvino_tokenizers.utils import change_inputs_type

from ovpipe.calculators.llm.packets import OutputDelta
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.engines.protocol import LikelyToken, Token
from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer

SPECIALS = ("<pad>", "<s>", "</s>")
WORDS = ["▁the", "▁graph", "es", "▁", "é", "<0x41>x"]
FIRST_BYTE = len(SPECIALS)
FIRST_WORD = FIRST_BYTE + 256


def byte(value: int) -> Token:
    return Token(FIRST_BYTE + value, -1.0)


def word(text: str) -> Token:
    return Token(FIRST_WORD + WORDS.index(text), -0.5)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder: Path = tmp_path_factory.mktemp("sentencepiece")
    pairs = BytePairs(SPECIALS, (), tuple(text.encode() for text in WORDS))
    tokenizer, _ = build_tokenizer(pairs, eos="</s>", pad="<pad>")
    names = [*SPECIALS, *(f"<0x{value:02X}>" for value in range(256)), *WORDS]
    pipeline = TokenizerPipeline()
    pipeline.add_steps(
        [
            VocabDecoderStep(vocab=[name.encode() for name in names], skip_tokens=[0, 1, 2]),
            ByteFallbackStep(),
            FuseStep(),
            RegexDecodingStep.replace_sp_spaces(),
            RegexDecodingStep.strip_forward_space(),
            UTF8ValidateStep(),
        ]
    )
    ov.save_model(tokenizer, folder / "openvino_tokenizer.xml")
    detokenizer = change_inputs_type(pipeline.get_detokenizer_ov_subgraph(), ov.Type.i64)
    ov.save_model(detokenizer, folder / "openvino_detokenizer.xml")
    return Tokenizer.load(folder)


TEXT = (
    word("▁the"),
    word("▁graph"),
    word("es"),
    byte(0xE2),
    byte(0x82),
    byte(0xAC),
    word("é"),
    Token(2, -3.0),
)


def whole(tokens: tuple[Token, ...]) -> OutputDelta:
    return OutputDelta((), len(tokens), 1, "stop", tokens=tokens)


def test_a_chat_shows_spaces_and_bytes_instead_of_the_names_of_pieces(tokenizer: Tokenizer) -> None:
    assert not tokenizer.plain_bytes
    entries = TokenTexts(tokenizer).chat_logprobs(whole(TEXT))["content"]
    assert [entry["token"] for entry in entries] == [
        *(" the", " graph", "es", "\ufffd", "\ufffd", "\ufffd", "é", "</s>")
    ]
    assert bytes(entries[0]["bytes"]) == b" the"
    shown = b"".join(bytes(entry["bytes"]) for entry in entries[:-1])
    assert shown.decode() == " the graphes€é"


def test_so_do_the_likeliest_tokens(tokenizer: Tokenizer) -> None:
    likely = tuple(LikelyToken(token.id, -0.1) for token in (word("▁"), byte(0x41), byte(0xE2)))
    delta = whole((Token(word("▁the").id, -0.5, likely),))
    (entry,) = TokenTexts(tokenizer).chat_logprobs(delta)["content"]
    assert [(seen["token"], seen["bytes"]) for seen in entry["top_logprobs"]] == [
        (" ", [0x20]),
        ("A", [0x41]),
        ("\ufffd", [0xE2]),
    ]
    texts = TokenTexts(tokenizer)
    (top,) = texts.completion_logprobs(delta.tokens, texts.offsets())["top_logprobs"]
    assert top == {" ": -0.1, "A": -0.1, "\ufffd": -0.1, " the": -0.5}


def test_a_piece_that_only_looks_like_a_byte_is_itself(tokenizer: Tokenizer) -> None:
    assert TokenTexts(tokenizer).text_of(word("<0x41>x").id) == "<0x41>x"


@pytest.mark.parametrize("at_once", [1, len(TEXT)])
def test_places_in_the_text_are_those_of_what_people_see(tokenizer: Tokenizer, at_once: int) -> None:
    texts = TokenTexts(tokenizer)
    offsets = texts.offsets()
    places: list[int] = []
    for begin in range(0, len(TEXT), at_once):
        delta = whole(TEXT[begin : begin + at_once])
        places += texts.completion_logprobs(delta.tokens, offsets)["text_offset"]
    assert tokenizer.decode([token.id for token in TEXT]) == "the graphes€é"
    assert places == [0, 3, 9, 11, 11, 11, 12, 13]
