"""The stand-in of a model: what grammars depend on is the model's, the weights are not."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from ovpipe.engines.grammars.stand_in import write_stand_in
from ovpipe.engines.model_folder import ModelFolder
from tests.engines.cores import MODEL


def test_vocabulary_and_tokenizer_are_the_models_and_the_weights_are_next_to_nothing(tmp_path: Path) -> None:
    write_stand_in(MODEL, tmp_path)
    real, double = ModelFolder.read(MODEL), ModelFolder.read(tmp_path)
    assert double.logits_size == real.logits_size
    assert double.vocab_size == real.vocab_size
    assert double.eos_token_ids == real.eos_token_ids
    assert double.context_length == real.context_length
    assert double.weights_bytes < real.weights_bytes / 10
    assert filecmp.cmp(tmp_path / "openvino_tokenizer.bin", MODEL / "openvino_tokenizer.bin")


def test_a_folder_may_be_named_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MODEL.parent)
    write_stand_in(Path(MODEL.name), tmp_path)
    assert (tmp_path / "openvino_tokenizer.xml").read_text().startswith("<?xml")
