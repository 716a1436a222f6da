"""How a source's weights are stored, by the word that a user chooses."""

from pathlib import Path

import gguf
import numpy as np

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.constants import precision_of
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.storage import storage_for
from tests.modelling.references.cases import CASES
from tests.modelling.sources.gguf.converting import convert
from tests.modelling.sources.writing import write_model, write_safetensors

CASE = CASES["qwen3"]
WEIGHTS = {name: CASE.weights(name) for name in CASE.config.shapes()}
EMBEDDINGS, UP = "model.embed_tokens.weight", "model.layers.0.mlp.up_proj.weight"


def test_int4_leaves_embeddings_and_head_8_bits(tmp_path: Path) -> None:
    source = open_source(write_model(tmp_path, CASE.content, WEIGHTS))
    storage = storage_for("int4", source, CASE.config)
    assert precision_of(storage, EMBEDDINGS) == "int8"
    assert precision_of(storage, "lm_head.weight") == "int8"
    assert precision_of(storage, UP) == "int4"


def test_floats_stay_as_they_are(tmp_path: Path) -> None:
    for dtype, precision in (("F32", "f32"), ("F16", "f16"), ("BF16", "bf16")):
        write_model(tmp_path, CASE.content, WEIGHTS)
        write_safetensors(tmp_path / "model.safetensors", WEIGHTS.items(), dtype)
        storage = storage_for("as-is", open_source(tmp_path), CASE.config)
        assert {precision_of(storage, name) for name in WEIGHTS} == {precision}


def test_whole_numbers_of_a_gguf_file_stay_whole_numbers(tmp_path: Path) -> None:
    def kind_of(name: str) -> gguf.GGMLQuantizationType:
        kinds = gguf.GGMLQuantizationType
        return {"token_embd.weight": kinds.Q8_0, "blk.0.ffn_up.weight": kinds.Q8_0}.get(name, kinds.F16)

    source = open_source(convert(tmp_path / "model.gguf", CASE.content, CASE.weights, kind_of=kind_of))
    storage = storage_for("as-is", source, read_config(source.config))
    assert precision_of(storage, EMBEDDINGS) == "int8"
    assert precision_of(storage, UP) == "int8 in groups"
    assert precision_of(storage, UP.replace("up", "down")) == "f16"


def test_q8_0_is_kept_number_by_number() -> None:
    from ovpipe.modelling.levels import int8_levels

    matrix = np.random.default_rng(1).standard_normal((40, 128)).astype(np.float32)
    rounded = gguf.dequantize(
        gguf.quantize(matrix, gguf.GGMLQuantizationType.Q8_0), gguf.GGMLQuantizationType.Q8_0
    )
    levels = int8_levels(rounded, 32)
    again = levels.numbers.reshape(40, 4, 32) * levels.scales.astype(np.float32)
    np.testing.assert_array_equal(again.reshape(40, 128), rounded)
