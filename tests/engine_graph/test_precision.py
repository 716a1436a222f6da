"""`precision: auto` of the core `graph`, between two precisions that every CPU has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.batching_options import Precision
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import candidates_of
from tests.engines.cores import MODEL, greedy, ignore, tokens

PROMPT = list(range(20, 40))


def f32_or_bf16(options: GraphCoreOptions, model: ModelFolder) -> tuple[Precision, ...]:
    """In place of the device's own precision, which is f32 on some machines that run the tests."""
    return ("bf16", "f32")


def load(measured: bool = True, **options: Any) -> tuple[GraphCore, list[str]]:
    told: list[str] = []
    core = load_graph_core(
        {"models_path": str(MODEL), "num_kv_blocks": 16, "max_num_batched_tokens": 32, **options},
        lambda said: told.append(getattr(said, "detail", "")),
        candidates=f32_or_bf16 if measured else candidates_of,
    )
    return core, told


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_the_first_load_measures_and_the_next_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    core, told = load()
    settled = core.info.settled
    assert {line.split(":")[0] for line in told if line.startswith("measuring precision")} == {
        "measuring precision bf16",
        "measuring precision f32",
    }
    [says] = [line for line in told if line.startswith("precision auto is")]
    assert f"precision auto is {settled['precision']}" in says
    assert "measured now (bf16: a step of 1 takes " in says
    answer = tokens(core, PROMPT, greedy(10))

    again, told = load()
    assert not [line for line in told if line.startswith("measuring precision")]
    assert (again.info.settled, tokens(again, PROMPT, greedy(10))) == (settled, answer)
    assert again.info.fingerprint == core.info.fingerprint

    fixed, told = load(measured=False, **settled)
    assert not [line for line in told if "auto" in line]
    assert fixed.info.fingerprint == core.info.fingerprint


def test_a_second_form_is_shown_at_the_start_and_is_a_part_of_the_fingerprint() -> None:
    two, told = load(measured=False, precision="f32", prefill_precision="bf16")
    one, quiet = load(measured=False, precision="f32", kv_cache_precision="u8")
    assert [line for line in told if line == "compiling for CPU, in two forms"]
    assert [line for line in told if line.startswith("a step takes, in ms, ")]
    assert [line for line in quiet if line == "compiling for CPU"]
    assert (two.info.precision, two.info.settled["prefill_precision"]) == ("f32", "bf16")
    assert two.info.fingerprint != one.info.fingerprint
    assert two.info.cache_bytes == one.info.cache_bytes
    assert len(tokens(two, PROMPT, greedy(10))) == 10


def test_nothing_is_measured_where_there_is_no_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    core = load_graph_core({"models_path": str(MODEL), "num_kv_blocks": 16}, ignore)
    assert "precision" not in core.info.settled
    assert not (tmp_path / "cache").exists()
