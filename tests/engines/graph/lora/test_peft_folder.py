"""Adapters in PEFT's format: what is read, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from ovpipe.engines.graph.lora.peft_folder import read_adapter

MODULE = "model.layers.0.self_attn.q_proj"
A, B = f"base_model.model.{MODULE}.lora_A.weight", f"base_model.model.{MODULE}.lora_B.weight"
DOWN, UP = np.ones((4, 6), np.float32), np.full((3, 4), 2, np.float32)


def folder(path: Path, tensors: dict[str, Any] | None = None, **config: Any) -> Path:
    save_file({A: DOWN, B: UP} if tensors is None else tensors, path / "adapter_model.safetensors")
    told = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, **config}
    (path / "adapter_config.json").write_text(json.dumps(told))
    return path


@pytest.mark.parametrize(
    ("config", "alpha", "strength"),
    [
        ({}, 1.0, 2.0),
        ({}, 0.5, 1.0),
        ({"use_rslora": True}, 1.0, 4.0),
        ({"alpha_pattern": {"q_proj": 4}}, 1.0, 1.0),
        ({"alpha_pattern": {"layers.0.self_attn.q_proj": 4}}, 1.0, 1.0),
        ({"alpha_pattern": {"proj": 4, "k_proj": 5}}, 1.0, 2.0),
        ({"r": 99, "rank_pattern": {"q_proj": 4}}, 1.0, 2.0),
    ],
    ids=str,
)
def test_the_strength_is_that_of_peft(
    tmp_path: Path, config: dict[str, Any], alpha: float, strength: float
) -> None:
    adapter = read_adapter("mine", folder(tmp_path, **config), alpha)
    assert (adapter.name, list(adapter.changes)) == ("mine", [MODULE])
    change = adapter.changes[MODULE]
    assert change.rank == 4
    np.testing.assert_array_equal(change.down, DOWN)
    np.testing.assert_allclose(change.up, UP * strength)


def test_halves_are_read_and_names_of_an_adapter_within_peft_too(tmp_path: Path) -> None:
    named = {A.replace("A.weight", "A.default.weight"): DOWN.astype(np.float16), B: UP.astype(np.float16)}
    assert list(read_adapter("mine", folder(tmp_path, named)).changes) == [MODULE]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"use_dora": True}, "says use_dora True; ovpipe has none of that"),
        ({"bias": "all"}, "says bias 'all'"),
        ({"modules_to_save": ["lm_head"]}, "says modules_to_save"),
        ({"fan_in_fan_out": True}, "says fan_in_fan_out True"),
        ({"peft_type": "IA3"}, "says peft_type 'IA3'; ovpipe has LORA alone"),
        ({"lora_alpha": None}, "lora_alpha and alpha_pattern are numbers"),
        ({"alpha_pattern": {"q_proj": "much"}}, "lora_alpha and alpha_pattern are numbers"),
    ],
    ids=str,
)
def test_what_is_more_than_two_matrices_is_refused(tmp_path: Path, config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_adapter("mine", folder(tmp_path, **config))


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({}, "has no tensors"),
        ({A: DOWN}, "has lora_A or lora_B of model.layers.0.self_attn.q_proj, and not the other"),
        ({A: DOWN, B: UP.T.copy()}, r"lora_A of .* has shape \[4, 6\] and lora_B \[4, 3\]"),
        ({"base_model.model.lm_head.lora_embedding_A": DOWN}, "lora_embedding_A; ovpipe knows lora_A"),
    ],
    ids=["none", "half", "shapes", "embedding"],
)
def test_tensors_that_are_no_adapter_are_refused(tmp_path: Path, tensors: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_adapter("mine", folder(tmp_path, tensors))


def test_what_the_folder_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"has no adapter_config\.json; an adapter is a folder in PEFT's format"
    ):
        read_adapter("mine", tmp_path)
    (folder(tmp_path) / "adapter_config.json").write_text("{")
    with pytest.raises(ValueError, match="is not JSON"):
        read_adapter("mine", tmp_path)
