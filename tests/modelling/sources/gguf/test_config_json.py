"""What metadata of GGUF files become, and which of them ovpipe refuses."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.gguf.model import GgufModel
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.references.cases import CASES, Case
from tests.modelling.sources.gguf.converting import convert


def opened(path: Path, case: str, **metadata: Any) -> GgufModel:
    """The case's model with these metadata; two underscores are a dot."""
    given = {key.replace("__", "."): value for key, value in metadata.items()}
    return GgufModel(convert(path / "model.gguf", CASES[case].content, CASES[case].weights, metadata=given))


@pytest.mark.parametrize("name", ["llama with biases", "qwen2", "granite"])
def test_query_key_and_value_in_one_tensor_are_told_apart(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    source = open_source(convert(tmp_path / "model.gguf", case.content, case.weights, fused=True))
    config = read_config(source.config)
    weights = weights_of(source, config)
    for parameter in config.shapes():
        np.testing.assert_array_equal(weights(parameter), case.weights(parameter))


def test_windows_of_gemma_are_llama_cpps_where_the_file_does_not_say_them(tmp_path: Path) -> None:
    def windows(model: GgufModel) -> list[int | None]:
        return [layer.window for layer in read_config(model.config).layers]

    pattern = "ARCH.attention.sliding_window_pattern"
    gemma_3 = CASES["gemma 3"]
    content = {**gemma_3.content, "num_hidden_layers": 7}
    seven = Case("seven layers", content, False)
    path = convert(tmp_path / "model.gguf", content, seven.weights, metadata={pattern: None})
    assert windows(GgufModel(path)) == [6, 6, 6, 6, 6, None, 6]
    listed = {pattern: [True, False, True, False]}
    assert windows(opened(tmp_path, "gemma 3", **listed)) == [6, None, 6, None]
    assert windows(opened(tmp_path, "gemma 3", ARCH__attention__sliding_window=None)) == [None] * 4
    assert windows(opened(tmp_path, "gemma 2")) == [6, None, 6, None]
    # Gemma 2's default is 4096, which these models of 256 positions do not reach.
    assert opened(tmp_path, "gemma 2", ARCH__attention__sliding_window=None).config["sliding_window"] == 4096


def test_a_cap_of_zero_is_none_and_one_that_is_missing_the_familys(tmp_path: Path) -> None:
    off = {"ARCH__attn_logit_softcapping": 0.0, "ARCH__final_logit_softcapping": None}
    config = read_config(opened(tmp_path, "gemma 2", **off).config)
    assert (config.attention_cap, config.logits_cap) == (None, 30.0)


def test_the_27b_models_of_gemma_scale_attention_by_their_hidden_size(tmp_path: Path) -> None:
    content = {**CASES["gemma 2"].content, "num_hidden_layers": 46, "num_attention_heads": 4}
    case = Case("27b", content, False)
    source = GgufModel(convert(tmp_path / "model.gguf", content, case.weights))
    assert read_config(source.config).attention_scale == pytest.approx((64 / 4) ** -0.5)


def test_tokens_that_end_a_turn_end_an_answer_too(tmp_path: Path) -> None:
    eos = "tokenizer__ggml__eos_token_id"
    model = opened(tmp_path, "llama 2")
    assert model.generation_config == {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    assert model.config["eos_token_id"] == 2
    model = opened(tmp_path, "llama 2", tokenizer__ggml__eot_token_id=7, tokenizer__ggml__eom_token_id=2)
    assert model.config["eos_token_id"] == model.generation_config["eos_token_id"] == [2, 7]
    # Gemma 3's files name one, and llama.cpp knows the other by its text.
    tokens = [*(f"word{index}" for index in range(63)), "<end_of_turn>"]
    model = opened(tmp_path, "gemma 3", tokenizer__ggml__tokens=tokens)
    assert model.config["eos_token_id"] == [2, 63]
    assert "eos_token_id" not in opened(tmp_path, "llama 2", **{eos: None}).config


def test_special_tokens_and_templates_are_the_tokenizers_config(tmp_path: Path) -> None:
    template = "tokenizer.chat_template"
    model = opened(tmp_path, "llama 2", **{template: "{{ x }}", "tokenizer.ggml.add_bos_token": True})
    assert model.tokenizer_config == {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "pad_token": "<unk>",
        "unk_token": "<unk>",
        "add_bos_token": True,
        "chat_template": "{{ x }}",
    }
    model = opened(tmp_path, "llama 2", **{template: "{{ x }}", f"{template}.tool_use": "{{ y }}"})
    assert model.tokenizer_config["chat_template"] == [
        {"name": "default", "template": "{{ x }}"},
        {"name": "tool_use", "template": "{{ y }}"},
    ]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ARCH__expert_count": 8}, "is a mixture of experts"),
    ({"general__architecture": "qwen3moe"}, "is a mixture of experts"),
    (
        {"general__architecture": "mamba"},
        "'mamba' is not one of those that ovpipe reads from GGUF: llama, qwen2",
    ),
    ({"ARCH__attention__clamp_kqv": 8.0}, "does not know what llama.attention.clamp_kqv = 8.0 does"),
    ({"ARCH__feed_forward_length": [48, 48, 32, 48]}, "layers differ in llama.feed_forward_length"),
    ({"ARCH__attention__value_length": 8}, "values of another width than keys"),
    ({"ARCH__rope__scaling__type": "dynamic"}, "a rope scaled by 'dynamic'"),
]


@pytest.mark.parametrize(("metadata", "said"), REFUSED)
def test_what_ovpipe_does_not_build_is_refused(metadata: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match=said):
        opened(tmp_path, "llama 2", **metadata)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"ARCH__block_count": None}, "lacks llama.block_count in its metadata"),
    ({"ARCH__attention__head_count": 0}, "says that llama.attention.head_count is 0"),
    ({"ARCH__context_length": "long"}, "says that llama.context_length is long"),
    ({"ARCH__rope__freq_base": -1.0}, "says that llama.rope.freq_base is -1.0"),
]


@pytest.mark.parametrize(("metadata", "said"), BROKEN)
def test_metadata_that_make_no_model_are_said(metadata: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BrokenModel, match=said):
        opened(tmp_path, "llama 2", **metadata)


def test_tensors_that_are_not_the_metadatas_are_said(tmp_path: Path) -> None:
    model = opened(tmp_path, "llama 2", ARCH__attention__head_count_kv=2)
    with pytest.raises(
        BrokenModel, match="blk.0.attn_k.weight of shape .64, 64., which is not 2 heads of 16"
    ):
        weights_of(model, read_config(model.config))
    model = opened(tmp_path, "llama 2", ARCH__block_count=5)
    with pytest.raises(BrokenModel, match="lacks model.layers.4"):
        weights_of(model, read_config(model.config))
