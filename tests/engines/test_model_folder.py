"""What is read from a model's folder."""

from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.model_folder import CacheVariable, ModelFolder
from tests.models.folders import TINY_RANDOM


def folder(
    *, config: dict[str, Any], generation_config: dict[str, Any] | None = None, logits_size: int | None = None
) -> ModelFolder:
    return ModelFolder(
        path=Path("model"),
        config=config,
        generation_config=generation_config or {},
        cache_variables=[],
        logits_size=logits_size,
        weights_bytes=0,
        compressed_bytes=0,
    )


def test_the_random_model_has_keys_and_values_in_three_layers() -> None:
    model = ModelFolder.read(TINY_RANDOM)
    assert sorted(model.cache_variables, key=lambda variable: variable.is_key) == [
        *[CacheVariable(heads=2, head_size=16, is_key=False)] * 3,
        *[CacheVariable(heads=2, head_size=16, is_key=True)] * 3,
    ]
    assert (model.vocab_size, model.logits_size, model.context_length) == (1280, 1280, 4096)


def test_a_language_model_within_a_model_of_several_modalities_is_read_from_text_config() -> None:
    model = folder(
        config={"text_config": {"max_position_embeddings": 77, "vocab_size": 5, "eos_token_id": [3, 4]}}
    )
    assert (model.context_length, model.vocab_size, model.eos_token_ids) == (77, 5, frozenset({3, 4}))


def test_generation_config_comes_before_config() -> None:
    model = folder(config={"eos_token_id": 1}, generation_config={"eos_token_id": [2, 3]})
    assert model.eos_token_ids == {2, 3}
    assert folder(config={"eos_token_id": 1}).eos_token_ids == {1}
    assert folder(config={"eos_token_id": None}).eos_token_ids == frozenset()


def test_the_vocabulary_ends_where_embeddings_or_logits_end() -> None:
    assert folder(config={"vocab_size": 100}, logits_size=128).vocab_size == 100
    assert folder(config={}, logits_size=128).vocab_size == 128
    with pytest.raises(ValueError, match="neither"):
        _ = folder(config={}).vocab_size


def test_a_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    for name in ("openvino_model.xml", "openvino_model.bin"):
        (tmp_path / name).symlink_to(TINY_RANDOM / name)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json is not JSON"):
        ModelFolder.read(tmp_path)
