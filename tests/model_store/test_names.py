"""What models are called."""

from __future__ import annotations

import pytest

from ovpipe.model_store.errors import ModelStoreError
from ovpipe.model_store.names import checked_name, name_of


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


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", ".hidden", "-a", "a b", "a.", "a" * 97, "é"])
def test_what_could_not_be_a_folder_is_no_name(name: str) -> None:
    with pytest.raises(ModelStoreError, match="is no name of a model"):
        checked_name(name)
