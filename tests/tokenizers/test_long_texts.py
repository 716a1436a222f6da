"""Long texts have the tokens that openvino_genai gives them, and do not keep the interpreter's lock."""

from __future__ import annotations

import logging
import os
import random
import shutil
from pathlib import Path
from typing import Any

import openvino as ov
import pytest
from openvino_tokenizers.tokenizer_pipeline import (
    BPETokenizationStep,
    CombineSegmentsStep,
    PaddingStep,
    RegexSplitStep,
    Sequence,
    SpecialTokensSplit,
    SpecialTokenWithId,
    TokenizerPipeline,
    TruncationStep,
)
from openvino_tokenizers.utils import change_outputs_type

from ovpipe.engines.process.vitals import vitals_of
from ovpipe.modelling.bpe import train_bpe
from ovpipe.tokenizers.tokenizer import LONG_TEXT, Tokenizer
from tests.models.folders import TINY_RANDOM

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
WORDS = ("graph", " runs", "\n\n", "  ", "é", "😀", "<|im_end|>", "<|im_start|>user\n", "1234", "\0", "don't")


class Counting:
    """A folder's tokenizer of openvino_genai, and how long the texts were that it encoded."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.longest = 0

    def encode(self, text: str, **options: Any) -> Any:
        self.longest = max(self.longest, len(text))
        return self._tokenizer.encode(text, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


def counted(folder: Path) -> tuple[Tokenizer, Counting]:
    tokenizer = Tokenizer.load(folder)
    counting = Counting(tokenizer._tokenizer)
    tokenizer._tokenizer = counting
    return tokenizer, counting


def genai_tokens(tokenizer: Tokenizer, text: str, *, adds: bool) -> list[int]:
    ids: list[int] = tokenizer._tokenizer.encode(text, add_special_tokens=adds).input_ids.data[0].tolist()
    return ids


def long_text(seed: int, *, end: str = "") -> str:
    draws = random.Random(seed)
    return "".join(draws.choice(WORDS) for _ in range(LONG_TEXT)) + end


@pytest.fixture(scope="module")
def adding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose tokenizer puts special tokens round every text, and has a limit."""
    folder = tmp_path_factory.mktemp("adding") / "model"
    shutil.copytree(TINY_RANDOM, folder)
    pairs = train_bpe("the graph runs and runs " * 9, 270, SPECIALS)
    pipeline = TokenizerPipeline()
    pipeline.vocab = pairs.tokens
    first, last = (
        SpecialTokenWithId(name, index) for name, index in (("<|im_start|>", 1), ("<|im_end|>", 2))
    )
    added = {token: index for index, token in enumerate(SPECIALS)}
    pipeline.add_steps(
        [
            SpecialTokensSplit.from_string_iter(SPECIALS),
            RegexSplitStep.byte_level_splitter(),
            BPETokenizationStep(vocab=pairs.tokens, merges=list(pairs.merges), added_tokens=added),
            TruncationStep(100, truncation=True),
            CombineSegmentsStep([added_token(first), Sequence(), added_token(last)]),
            PaddingStep(token=SPECIALS[0], _token_id=0, pad_right=False),
        ]
    )
    model = change_outputs_type(pipeline.get_tokenizer_ov_subgraph(), ov.Type.i64)
    model.set_rt_info("2026.4.0", "openvino_tokenizers_version")
    ov.save_model(model, folder / "openvino_tokenizer.xml", compress_to_fp16=False)
    return folder


def added_token(token: SpecialTokenWithId) -> Any:
    from openvino_tokenizers.tokenizer_pipeline import AddToken

    return AddToken(token=token.token, _token_id=token.token_id)


@pytest.mark.parametrize("adds", [True, False])
@pytest.mark.parametrize("end", ["", "\0", "\0\0\0", "!\0", "<|im_end|>", "\n"])
def test_the_tokens_are_those_of_openvino_genai(end: str, adds: bool) -> None:
    tokenizer = Tokenizer.load(TINY_RANDOM)
    text = long_text(1, end=end)
    assert tokenizer.encode(text, add_special_tokens=adds) == genai_tokens(tokenizer, text, adds=adds)


@pytest.mark.parametrize("end", ["", "\0"])
def test_special_tokens_are_added_where_they_are_asked_for(adding: Path, end: str) -> None:
    tokenizer, counting = counted(adding)
    text = long_text(2, end=end)
    with_them, without = (tokenizer.encode(text, add_special_tokens=adds) for adds in (True, False))
    assert counting.longest <= LONG_TEXT
    assert with_them == [1, *without, 2]
    assert without == genai_tokens(tokenizer, text, adds=False)


def test_openvino_genai_gets_short_texts_only() -> None:
    tokenizer, counting = counted(TINY_RANDOM)
    tokenizer.encode("x" * LONG_TEXT, add_special_tokens=False)
    assert counting.longest == LONG_TEXT
    tokenizer.encode("x" * 300_000, add_special_tokens=False)
    tokenizer.encode("x" * 300_000 + "\0", add_special_tokens=True)
    assert counting.longest == LONG_TEXT


def test_a_lone_surrogate_is_named_with_its_place() -> None:
    tokenizer = Tokenizer.load(TINY_RANDOM)
    with pytest.raises(ValueError, match="lone surrogate U\\+D800 at character 90001,"):
        tokenizer.encode("é" * 90_001 + "\ud800", add_special_tokens=False)


def test_a_tokenizer_that_would_give_other_tokens_is_left_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY_RANDOM, folder)
    tokenizer, counting = counted(folder)
    (folder / "openvino_tokenizer.xml").unlink()
    with caplog.at_level(logging.WARNING):
        tokenizer.encode("x" * 20_000, add_special_tokens=False)
    assert counting.longest == 20_000
    assert "everybody waits while a long text is tokenised" in caplog.text


@pytest.mark.slow
def test_what_a_large_text_took_is_given_back() -> None:
    tokenizer = Tokenizer.load(TINY_RANDOM)
    tokenizer.encode("x " * LONG_TEXT, add_special_tokens=False)
    text = "the cat sat on a mat. " * 50_000
    before = resident_bytes()
    tokenizer.encode(text, add_special_tokens=False)
    assert resident_bytes() - before < 25 * len(text)


def resident_bytes() -> int:
    vitals = vitals_of(os.getpid())
    assert vitals is not None
    return vitals.resident_bytes
