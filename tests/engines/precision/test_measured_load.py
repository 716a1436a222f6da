"""A model that is measured when it is first loaded, between two precisions that every CPU has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import SMALLEST_WEIGHTS
from tests.engines.cores import MODEL, greedy, random_model, tokens

PROMPT = list(range(20, 40))


def f32_or_bf16(options: GenaiOptions, model: ModelFolder) -> tuple[Precision, ...]:
    """In place of the device's own precision, which is f32 on some machines that run the tests."""
    return ("bf16", "f32")


def load(model: Path, measured: bool = True, **options: Any) -> tuple[GenaiCore, list[str]]:
    told: list[str] = []
    candidates = {"candidates": f32_or_bf16} if measured else {}
    core = load_genai_core(
        {"models_path": str(model), "num_kv_blocks": 64, **options},
        lambda said: told.append(getattr(said, "detail", "")),
        **candidates,
    )
    return core, told


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_the_first_load_measures_and_the_next_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    model = random_model(
        tmp_path / "model",
        seed=1,
        hidden_size=512,
        num_layers=6,
        num_heads=8,
        num_kv_heads=4,
        head_dim=64,
        intermediate_size=1536,
    )
    assert ModelFolder.read(model).weights_bytes > SMALLEST_WEIGHTS

    core, told = load(model)
    chosen = core.info.precision
    assert {line.split(":")[0] for line in told if line.startswith("measuring")} == {
        "measuring precision bf16",
        "measuring precision f32",
    }
    [says] = [line for line in told if line.startswith("precision auto is")]
    assert says.startswith(f"precision auto is {chosen}, measured now (bf16: a step of 1 takes ")
    cache = {"kv_cache_precision": "f16"} if chosen == "f32" else {}
    assert core.info.settled == {"precision": chosen, **cache}
    answer = tokens(core, PROMPT, greedy(10))
    assert len(answer) == 10
    del core

    again, told = load(model)
    assert not [line for line in told if line.startswith("measuring")]
    assert told[1].startswith(f"precision auto is {chosen}, as measured on ")
    assert (again.info.precision, tokens(again, PROMPT, greedy(10))) == (chosen, answer)
    del again

    stated = {precision: load(model, measured=False, precision=precision)[0] for precision in ("f32", "bf16")}
    assert stated["f32"].info.fingerprint != stated["bf16"].info.fingerprint
    assert load(model)[0].info.fingerprint == stated[chosen].info.fingerprint


def test_a_small_model_is_neither_measured_nor_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    _, told = load(MODEL, measured=False)
    assert not [line for line in told if "measur" in line]
    assert not (tmp_path / "cache").exists()
