"""LoRA adapters and the products that a model has."""

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from safetensors.numpy import save_file

from ovpipe.engines.genai.adapters import adapter_config
from ovpipe.engines.genai.options import AdapterOption
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.weights import random_weights
from tests.engines.cores import decoder_config


def model(folder: Path, *, adapters: bool) -> Path:
    config = decoder_config()
    built = build_decoder(config, random_weights(config, seed=1), adapters=adapters)
    ov.save_model(built, folder / "openvino_model.xml", compress_to_fp16=False)
    return folder


def adapter(folder: Path, place: str) -> AdapterOption:
    path = folder / "lora.safetensors"
    module = f"base_model.model.model.layers.0.{place}"
    ones = np.ones((8, 64), np.float32)
    save_file({f"{module}.lora_A.weight": ones, f"{module}.lora_B.weight": ones.T.copy()}, path)
    return AdapterOption(path=str(path))


@pytest.mark.parametrize(
    ("place", "product"),
    [("self_attn.v_proj", "q_proj+k_proj+v_proj"), ("mlp.gate_proj", "gate_proj+up_proj")],
)
def test_an_adapter_for_a_projection_that_has_no_product_of_its_own_is_refused(
    tmp_path: Path, place: str, product: str
) -> None:
    option = adapter(tmp_path, place)
    with pytest.raises(ValueError) as error:
        adapter_config([option], model(tmp_path, adapters=False))
    assert str(error.value) == (
        f"adapters: {option.path} changes model.layers.0.{place}, which this model has in one product "
        f"({product}); `ovpipe models import --adapters` keeps projections apart"
    )
    adapter_config([option], model(tmp_path, adapters=True))


def test_an_adapter_for_a_product_of_its_own_is_taken(tmp_path: Path) -> None:
    adapter_config([adapter(tmp_path, "self_attn.o_proj")], model(tmp_path, adapters=False))
