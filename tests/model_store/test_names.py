"""What models are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.names import checked_name, name_of, name_of_path


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("OpenVINO/Qwen3-0.6B-int4-ov", "Qwen3-0.6B"),
        ("OpenVINO/Qwen3-8B-int4-cw-ov", "Qwen3-8B"),
        ("OpenVINO/Phi-4-mini-instruct-fp16-ov", "Phi-4-mini-instruct"),
        ("me/Mistral-7B-ov", "Mistral-7B"),
        ("unsloth/Qwen3-0.6B-GGUF", "Qwen3-0.6B"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct"),
        ("me/int4-talk", "int4-talk"),
    ],
)
def test_a_model_is_called_after_its_repository_without_the_format(repository: str, name: str) -> None:
    assert name_of(repository) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"),
        ("models/Qwen3-0.6B-Q8_0.gguf", "Qwen3-0.6B"),
        ("Llama-3.2-1B-UD-Q4_K_XL.gguf", "Llama-3.2-1B"),
        ("a-iq2_xxs.GGUF", "a"),
        ("big-BF16-00001-of-00003.gguf", "big"),
        ("gemma-3-270m-f16.gguf", "gemma-3-270m"),
        ("plain.gguf", "plain"),
        ("models/SmolLM2", "SmolLM2"),
        ("Qwen3-0.6B-int4-ov", "Qwen3-0.6B"),
        ("my model (1).gguf", "my-model-1"),
        ("é.gguf", "model"),
        ("a" * 120, "a" * 96),
    ],
)
def test_a_model_is_called_after_its_file_without_the_format(path: str, name: str) -> None:
    assert name_of_path(Path(path)) == name
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "-a", "a b", "a.", "a" * 97, "é"])
def test_what_could_not_be_a_folder_is_no_name(name: str) -> None:
    with pytest.raises(ModelStoreError, match="is no name of a model"):
        checked_name(name)
