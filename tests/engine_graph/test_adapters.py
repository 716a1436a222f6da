"""LoRA adapters chosen by requests: each text is that of the model with the adapter merged into its weights."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from safetensors.numpy import save_file

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.protocol import GenerateRequest, RequestRefused
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.weights import Array, Weights, random_weights
from tests.engines.cores import circle_model, decoder_config, greedy, ignore, run

CONFIG = decoder_config(num_layers=2)
PROJECTIONS = [
    *(f"self_attn.{name}_proj" for name in "qkvo"),
    *(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
]
ALL = [f"model.layers.{layer}.{name}" for layer in (0, 1) for name in PROJECTIONS]
FEW = ["model.layers.0.self_attn.v_proj", "model.layers.1.self_attn.q_proj", "model.layers.1.mlp.up_proj"]


def base() -> Weights:
    return random_weights(CONFIG, seed=1, embedding_std=0.3)


def adapter(folder: Path, modules: list[str], rank: int, seed: int, **config: Any) -> dict[str, Array]:
    """Writes a random adapter in PEFT's format; returns what it adds to each weight."""
    draw = np.random.default_rng(seed)
    shapes = CONFIG.shapes()
    tensors, added = {}, {}
    for module in modules:
        outputs, inputs = shapes[f"{module}.weight"]
        down = draw.normal(size=(rank, inputs)).astype(np.float32) / np.float32(np.sqrt(inputs))
        up = draw.normal(size=(outputs, rank)).astype(np.float32) / np.float32(np.sqrt(rank))
        tensors[f"base_model.model.{module}.lora_A.weight"] = down
        tensors[f"base_model.model.{module}.lora_B.weight"] = up
        added[f"{module}.weight"] = up @ down
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    told = {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "bias": "none", **config}
    (folder / "adapter_config.json").write_text(json.dumps(told))
    return added


def model(folder: Path, added: Mapping[str, Array], *, apart: bool = False, scale: float = 1.0) -> Path:
    """The model with these things added to its weights."""
    weights = base()

    def merged(name: str) -> Array:
        return weights(name) + np.float32(scale) * added[name] if name in added else weights(name)

    circle_model(folder)  # for the other files
    built = build_decoder(CONFIG, merged, adapters=apart)
    ov.save_model(built, folder / "openvino_model.xml", compress_to_fp16=False)
    return folder


def loaded(folder: Path, *adapters: dict[str, Any], **options: Any) -> GraphCore:
    told = {"models_path": str(folder), "exact": True, "num_kv_blocks": 64, "adapters": list(adapters)}
    return load_graph_core({**told, **options}, ignore)


def prompts(count: int) -> list[list[int]]:
    chance = random.Random(3)
    return [chance.choices(range(10, 200), k=chance.randint(2, 90)) for _ in range(count)]


TWO_FORMS = {
    "exact": False,
    "precision": "f32",
    "prefill_precision": "default",
    # By these the second form, too, computes in f32, so that texts can be compared.
    "plugin_config": {
        "EXECUTION_MODE_HINT": "ACCURACY",
        "KV_CACHE_PRECISION": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    },
}


@pytest.mark.parametrize(
    ("apart", "forms"),
    [
        pytest.param(False, {}, id="joined products"),
        pytest.param(True, {}, id="products apart"),
        pytest.param(True, TWO_FORMS, id="two forms", marks=pytest.mark.slow),
    ],
)
def test_each_text_of_a_mixed_batch_is_that_of_its_merged_model(
    tmp_path: Path, apart: bool, forms: dict[str, Any]
) -> None:
    one = adapter(tmp_path / "one", ALL, rank=4, seed=1)
    two = adapter(tmp_path / "two", FEW, rank=7, seed=2)
    texts: dict[str | None, list[list[int]]] = {}
    asked = prompts(6)
    for name, added in ((None, {}), ("one", one), ("two", two)):
        alone = loaded(model(tmp_path / f"merged-{name}", added))
        texts[name] = [
            run(alone, GenerateRequest(number, prompt, greedy(16)))[number]
            for number, prompt in enumerate(asked)
        ]
    assert texts[None] != texts["one"] != texts["two"] != texts[None]
    core = loaded(
        model(tmp_path / "base", {}, apart=apart),
        {"path": str(tmp_path / "one")},
        {"path": str(tmp_path / "two")},
        max_num_batched_tokens=64,
        **forms,
    )
    assert core.info.settled.get("prefill_precision") == forms.get("prefill_precision")
    assert core.info.adapters == ["one", "two"]
    # Each prompt once for each adapter, in one batch: their blocks are not each other's.
    requests = [
        GenerateRequest(100 * place + number, prompt, greedy(16), adapter=name)
        for number, prompt in enumerate(asked)
        for place, name in enumerate((None, "one", "two"))
    ]
    random.Random(4).shuffle(requests)
    for _ in range(2):  # the second time out of the cache of prefixes
        found = run(core, *requests)
        for place, name in enumerate((None, "one", "two")):
            assert [found[100 * place + number] for number in range(6)] == texts[name]
    assert core.stats().prefix_cache_hits > 0


def test_an_adapter_is_as_strong_as_its_configuration_and_the_option_say(tmp_path: Path) -> None:
    added = adapter(tmp_path / "lora", FEW, rank=4, seed=5, lora_alpha=12, use_rslora=True)
    (prompt,) = prompts(1)
    merged = loaded(model(tmp_path / "merged", added, scale=0.5 * 12 / 2))
    core = loaded(
        model(tmp_path / "base", {}), {"name": "mine", "path": str(tmp_path / "lora"), "alpha": 0.5}
    )
    expected = run(merged, GenerateRequest(1, prompt, greedy(20)))
    assert run(core, GenerateRequest(1, prompt, greedy(20), adapter="mine")) == expected
    assert run(core, GenerateRequest(1, prompt, greedy(20))) != expected


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(300)
def test_with_precision_auto_forms_are_measured_and_adapters_are_chosen_as_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    adapter(tmp_path / "lora", ALL, rank=4, seed=5)
    options = {
        "models_path": str(model(tmp_path / "base", {})),
        "num_kv_blocks": 64,
        "adapters": [{"path": str(tmp_path / "lora")}],
    }
    core = load_graph_core(options, ignore, candidates=lambda options, model: ("bf16", "f32"))
    assert core.info.settled["precision"] in ("bf16", "f32")
    (prompt,) = prompts(1)
    plain, own = (
        run(core, GenerateRequest(1, prompt, greedy(20), adapter=name))[1] for name in (None, "lora")
    )
    assert (plain != own, len(own)) == (True, 20)
    beside = [
        GenerateRequest(number, prompt, greedy(4), adapter=name)
        for number, name in enumerate((None, "lora", None, "lora"))
    ]
    assert {len(text) for text in run(core, *beside).values()} == {4}


def test_an_adapter_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    adapter(tmp_path / "lora", FEW, rank=2, seed=5)
    core = loaded(model(tmp_path / "base", {}), {"path": str(tmp_path / "lora")})
    with pytest.raises(RequestRefused, match="there is no adapter 'other'; there are: lora"):
        core.add(GenerateRequest(1, [20], greedy(2), adapter="other"))


def test_an_adapter_of_another_model_is_refused_at_the_load(tmp_path: Path) -> None:
    adapter(tmp_path / "far", ["model.layers.1.mlp.up_proj"], rank=2, seed=5)
    small = circle_model(tmp_path / "circle")  # of one layer
    with pytest.raises(Exception, match=r"changes model\.layers\.1\.mlp\.up_proj, which this model has no"):
        loaded(small, {"path": str(tmp_path / "far")})
