"""BERT's tokenizers: normalized texts, words cut at punctuation, pieces of words."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.modelling.tokenizing.equality import assert_equal
from tests.modelling.tokenizing.texts import WORDS, long_known, varied_texts

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert(normalizer: Any) -> dict[str, Any]:
    """The content of a tokenizer.json with 700 tokens."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=30))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=700, special_tokens=SPECIAL, show_progress=False)
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content


@pytest.mark.parametrize(
    "normalizer",
    [
        normalizers.BertNormalizer(),
        normalizers.BertNormalizer(lowercase=False),
        normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=False),
    ],
    ids=["uncased", "cased", "as it is"],
)
@pytest.mark.slow
def test_texts_become_the_tokens_of_the_tokenizers_library(normalizer: Any, tmp_path: Path) -> None:
    assert_equal(tmp_path, bert(normalizer), texts=long_known(varied_texts(SPECIAL, 2600)))


def test_a_word_too_long_is_unknown_by_its_characters(tmp_path: Path) -> None:
    texts = ["a" * 30, "a" * 31, "é" * 30, "é" * 31, "x " + "я" * 30]
    assert_equal(tmp_path, bert(normalizers.BertNormalizer(strip_accents=False)), texts=texts)
