"""The tokenizer of a GGUF file's fields: by the names that llama.cpp gives to the ways of cutting texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import normalizers, pre_tokenizers

from ovpipe.modelling.tokenizing.gguf import tokenizer_config_of_gguf, tokenizer_of_gguf
from ovpipe.modelling.tokenizing.gguf_splits import splits_by_name
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.tokenizing.equality import assert_equal
from tests.modelling.tokenizing.test_byte_level import STEPS, trained

CONTROL, USER_DEFINED, BYTE = 3, 4, 6


def fields_of(content: dict[str, Any], pre: str, **more: Any) -> dict[str, Any]:
    """The fields that llama.cpp's converter writes for a byte-level tokenizer."""
    tokens = sorted(content["model"]["vocab"], key=content["model"]["vocab"].get)
    special = {token["content"] for token in content["added_tokens"]}
    fields = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [CONTROL if token in special else 1 for token in tokens],
        "tokenizer.ggml.merges": [" ".join(merge) for merge in content["model"]["merges"]],
    }
    return fields | {f"tokenizer.ggml.{name}": value for name, value in more.items()}


def test_smollms_digits_are_tokens_of_their_own(tmp_path: Path) -> None:
    content = trained(*STEPS["smollm"])
    fields = fields_of(content, "smollm", add_bos_token=False)
    assert_equal(tmp_path, tokenizer_of_gguf(fields), reference=content)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("gpt-2", "gpt-2"), ("qwen2", "qwen2"), ("llama-bpe", "llama-bpe"), ("tekken", "tekken")],
)
@pytest.mark.slow
def test_the_name_says_how_texts_are_cut(name: str, steps: str, tmp_path: Path) -> None:
    content = trained(*STEPS[steps])
    fields = fields_of(content, name, add_bos_token=False)
    assert_equal(tmp_path, tokenizer_of_gguf(fields), reference=content, count=600)


@pytest.mark.parametrize("name", {splits: name for name, splits in splits_by_name().items()}.values())
@pytest.mark.slow
def test_every_way_that_is_known_can_be_built(name: str, tmp_path: Path) -> None:
    fields = fields_of(trained(pre_tokenizers.ByteLevel(add_prefix_space=False)), name, add_bos_token=False)
    assert_equal(tmp_path, tokenizer_of_gguf(fields), count=300, decodes=False)


def test_a_name_that_is_not_known_is_refused_with_those_that_are() -> None:
    fields = fields_of(trained(*STEPS["gpt-2"]), "kimi-k2")
    with pytest.raises(
        UnsupportedModel, match="tokenizer.ggml.pre is 'kimi-k2'; ovpipe knows a.x-4.0, .*, qwen2,"
    ):
        tokenizer_of_gguf(fields)
    with pytest.raises(
        UnsupportedModel, match="tokenizer.ggml.model is 'rwkv'; ovpipe knows 'gpt2', 'llama'"
    ):
        tokenizer_of_gguf({**fields, "tokenizer.ggml.model": "rwkv"})
    with pytest.raises(UnsupportedModel, match="the file has no tokenizer.ggml.tokens"):
        tokenizer_of_gguf({"tokenizer.ggml.model": "gpt2"})
    with pytest.raises(UnsupportedModel, match="the file has no tokenizer.ggml.merges"):
        tokenizer_of_gguf({**fields, "tokenizer.ggml.pre": "gpt-2", "tokenizer.ggml.merges": []})


def test_bos_and_eos_stand_around_a_text_where_the_file_says_so(tmp_path: Path) -> None:
    content = trained(*STEPS["gpt-2"])
    fields = fields_of(
        content, "gpt-2", bos_token_id=0, eos_token_id=1, add_bos_token=True, add_eos_token=True
    )
    tokenizer = assert_equal(tmp_path, tokenizer_of_gguf(fields), count=100)
    assert tokenizer.encode("").input_ids.data.tolist() == [[0, 1]]
    # Llama 3's files need not say it.
    assert tokenizer_of_gguf(fields_of(content, "llama-bpe", bos_token_id=0))["post_processor"]["single"] == [
        {"SpecialToken": {"id": "<|begin|>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    assert tokenizer_of_gguf(fields_of(content, "gpt-2", bos_token_id=0))["post_processor"] is None


def test_tokens_of_the_user_are_found_and_not_special(tmp_path: Path) -> None:
    content = trained(*STEPS["gpt-2"])
    content["model"]["vocab"]["<think>"] = len(content["model"]["vocab"])
    fields = fields_of(content, "gpt-2")
    fields["tokenizer.ggml.token_type"][-1] = USER_DEFINED
    made = tokenizer_of_gguf(fields)
    assert [(token["content"], token["special"]) for token in made["added_tokens"]] == [
        ("<|begin|>", True),
        ("<|end|>", True),
        ("<|pad|>", True),
        ("<think>", False),
    ]
    tokenizer = assert_equal(tmp_path, made, texts=["a<think>b</think><|end|>"])
    assert tokenizer.decode(tokenizer.encode("<think><|end|>").input_ids.data[0].tolist()) == "<think>"


def test_special_tokens_and_templates_are_the_config() -> None:
    fields = fields_of(trained(*STEPS["gpt-2"]), "gpt-2", bos_token_id=0, eos_token_id=1, padding_token_id=2)
    fields["tokenizer.chat_template"] = "{{ x }}"
    config = {
        "bos_token": "<|begin|>",
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "chat_template": "{{ x }}",
    }
    assert tokenizer_config_of_gguf(fields) == config
    fields["tokenizer.chat_template.tool_use"] = "{{ y }}"
    assert tokenizer_config_of_gguf(fields)["chat_template"] == [
        {"name": "default", "template": "{{ x }}"},
        {"name": "tool_use", "template": "{{ y }}"},
    ]


def test_qwens_texts_are_composed(tmp_path: Path) -> None:
    content = trained(*STEPS["qwen2"])
    assert json.dumps(content["normalizer"]) == json.dumps(json.loads(normalizers.NFC().__getstate__()))
    fields = fields_of(content, "qwen2")
    assert_equal(
        tmp_path, tokenizer_of_gguf(fields), reference=content, texts=["e\u0301 \uac00 \u1100\u1161"]
    )
