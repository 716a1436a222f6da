"""Tokens with a sign for blanks, as SentencePiece has them: byte pairs and unigrams, bytes for the unknown."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from ovpipe.modelling.tokenizing import build_tokenizer_models
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.tokenizing.equality import assert_equal
from tests.modelling.tokenizing.texts import WORDS

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SPECIAL = ["<unk>", "<s>", "</s>"]
LLAMA_2 = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
GEMMA = normalizers.Replace(" ", "▁")
DECODERS = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
LATIN = [word for word in WORDS if word.isascii()]


def byte_pairs(
    normalizer: Any = None,
    pre_tokenizer: Any = None,
    decoder: Any = None,
    *,
    fallback: bool = True,
    fuses: bool = True,
) -> dict[str, Any]:
    """The content of a tokenizer.json with 700 tokens, few of which are characters."""
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=fallback, fuse_unk=fuses))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder or decoders.Sequence([*DECODERS, decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    special = [*SPECIAL, *(BYTES if fallback else [])]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(["▁" + word for word in LATIN] * 3 + ["▁▁ ▁▁▁▁ 你好 \n\n"], trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] in SPECIAL]
    return content


def metaspace(scheme: str, *, splits: bool = True) -> dict[str, Any]:
    step = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=splits)
    return byte_pairs(None, step)


KINDS: dict[str, dict[str, Any]] = {
    "llama 2": byte_pairs(LLAMA_2),
    "gemma": byte_pairs(
        GEMMA, pre_tokenizers.Split(" ", "merged_with_previous"), decoders.Sequence([*DECODERS])
    ),
    "a blank before each word": metaspace("always"),
    "a blank before the first word": metaspace("first", splits=False),
    "no blank before": metaspace("never"),
    "unknown ones together": byte_pairs(LLAMA_2, fallback=False),
    "unknown ones each": byte_pairs(GEMMA, fallback=False, fuses=False),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.slow
def test_texts_become_the_tokens_of_the_tokenizers_library(name: str, tmp_path: Path) -> None:
    assert_equal(tmp_path, KINDS[name])


def test_a_written_byte_is_no_byte(tmp_path: Path) -> None:
    tokenizer = assert_equal(tmp_path, KINDS["llama 2"], texts=["<0x0A>", "x<0xE4>\x0a", "\x00\x01\xff", "é"])
    assert tokenizer.decode(tokenizer.encode("<0x0A>").input_ids.data[0].tolist()) == "<0x0A>"


def test_blanks_before_an_added_token_are_not_the_first_words(tmp_path: Path) -> None:
    content = metaspace("first", splits=False)
    for index, (text, lstrip) in enumerate({"<left>": True, "<plain>": False}.items()):
        flags = {"single_word": False, "rstrip": False, "normalized": False, "special": False}
        content["added_tokens"].append({"id": 700 + index, "content": text, "lstrip": lstrip, **flags})
    texts = ["<left>a", "  <left> a", "<plain>a", " <plain> a", "a<plain>a", "</s>", "\U0010fffca", "▁a", ""]
    assert_equal(tmp_path, content, texts=texts)


@pytest.mark.parametrize("normalized", [True, False])
def test_added_tokens_are_found_in_normalized_texts_as_they_are_there(
    normalized: bool, tmp_path: Path
) -> None:
    content = byte_pairs(LLAMA_2)
    for token in content["added_tokens"]:
        token["normalized"] = normalized
    # As Phi-3 has them: blanks after are the token's.
    flags = {"single_word": False, "lstrip": False, "rstrip": True, "normalized": not normalized}
    content["added_tokens"].append({"id": 700, "content": "<|user|>", "special": True, **flags})
    texts = ["<s>a", " <s>", "a<s>b", "<|user|>  a</s>", "a <|user|>\n b", "▁<s>", "<s><s>", "</s> <|user|>x"]
    # `tokenizers` does not skip special tokens that are found in normalized texts; here they are skipped.
    tokenizer = assert_equal(tmp_path, content, texts=texts, decodes=False)
    assert tokenizer.decode([1, 700, 2]) == ""
    (tmp_path / "varied").mkdir()
    assert_equal(tmp_path / "varied", content, count=500, decodes=False)


def test_a_few_bytes_are_not_enough() -> None:
    content = byte_pairs(LLAMA_2)
    del content["model"]["vocab"]["<0x41>"]
    with pytest.raises(UnsupportedModel, match="byte_fallback has tokens for 255 of 256 bytes"):
        build_tokenizer_models(content, {})


def unigrams(*, fallback: bool) -> dict[str, Any]:
    """The content of a tokenizer.json with 400 unigrams."""
    tokenizer = tokenizers.Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Sequence([*DECODERS, decoders.Strip(" ", 1, 0)])
    trainer = trainers.UnigramTrainer(
        vocab_size=400, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False, max_piece_length=8
    )
    tokenizer.train_from_iterator([" ".join(LATIN)] * 3, trainer)
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    if fallback:
        content["model"]["byte_fallback"] = True
        content["model"]["vocab"] += [[byte, -20.0] for byte in BYTES]
    return content


@pytest.mark.parametrize("fallback", [False, True], ids=["unknown", "bytes"])
@pytest.mark.slow
def test_texts_become_the_unigrams_of_the_tokenizers_library(fallback: bool, tmp_path: Path) -> None:
    assert_equal(tmp_path, unigrams(fallback=fallback))
