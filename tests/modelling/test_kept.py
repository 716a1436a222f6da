"""4-bit blocks of GGUF files, kept number by number."""

from pathlib import Path

import gguf
import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.constants import levels_constant, precision_of
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.kept import levels_and_rests, with_sums
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.gguf.blocks import blocks_of
from ovpipe.modelling.sources.gguf.model import GgufModel
from ovpipe.modelling.storage import storage_for
from ovpipe.modelling.weights import Array
from tests.modelling.paged import PagedModel
from tests.modelling.references.cases import CASES, IDS, Case
from tests.modelling.sources.gguf.converting import convert
from tests.modelling.stateful import F32, compiled, logits

KINDS = gguf.GGMLQuantizationType
EXACT = {**F32, "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}


def stored(kind: str, rows: int, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Blocks of normal weights; those of Q4_K, which gguf does not write, with sane scales and random numbers."""
    draws = np.random.default_rng(5)
    if kind != "Q4_K":
        matrix = draws.standard_normal((rows, columns)).astype(np.float32) * np.float32(0.05)
        blocks: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = gguf.quantize(matrix, KINDS[kind])
        return blocks
    blocks = draws.integers(0, 256, (rows, columns // 256, 144), np.uint8)
    blocks[..., :2] = np.array([0.0003], np.float16).view(np.uint8)
    blocks[..., 2:4] = np.array([0.002], np.float16).view(np.uint8)
    return blocks.reshape(rows, -1)


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q4_K"])
def test_blocks_are_the_values_of_the_gguf_package(kind: str) -> None:
    raw = stored(kind, 12, 512)
    blocks = blocks_of(kind, raw)
    numbers = blocks.numbers.reshape(12, 16, 32).astype(np.float32)
    values = numbers * blocks.scales[..., None] + blocks.minima[..., None]
    np.testing.assert_allclose(
        values.reshape(12, 512), gguf.dequantize(raw, KINDS[kind]), rtol=1e-6, atol=1e-7
    )


def product(raw: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], kind: str, x: Array) -> Array:
    """The product of x and the kept matrix, in f32."""
    blocks = blocks_of(kind, raw)
    rests = kind != "Q4_0"
    levels = levels_and_rests(blocks.numbers, blocks.scales, blocks.minima, rests=rests)
    assert levels is not None
    columns = blocks.numbers.shape[1]
    given = ops.parameter([1, -1, columns], np.float32, name="x")
    inputs = with_sums(given, columns) if rests else given
    model = ov.Model([ops.matmul(inputs, levels_constant(levels, "w"), False, True)], [given], "product")
    found: Array = ov.Core().compile_model(model, "CPU", EXACT)([x])[0]
    return found


@pytest.mark.parametrize(("kind", "near"), [("Q4_0", 1e-5), ("Q4_1", 0.01), ("Q4_K", 0.01)])
def test_products_with_kept_blocks_are_those_with_their_values(kind: str, near: float) -> None:
    raw = stored(kind, 24, 1280)  # 40 groups: their sums fill two groups of 32
    x = np.random.default_rng(6).standard_normal((1, 5, 1280)).astype(np.float32) + np.float32(0.5)
    wanted = x @ gguf.dequantize(raw, KINDS[kind]).T
    apart = np.abs(product(raw, kind, x) - wanted).max()
    assert apart < near * np.abs(wanted).max()


def test_a_group_of_one_value_and_minima_of_both_signs_are_kept() -> None:
    numbers = np.random.default_rng(7).integers(0, 16, (3, 64)).astype(np.uint8)
    scales = np.array([[0, 0.01], [0, 0.01], [0.01, 0.01]], np.float32)
    minima = np.array([[0.1, -0.08], [-0.1, -0.07], [-0.083, -0.15]], np.float32)
    levels = levels_and_rests(numbers, scales, minima, rests=True)
    assert levels is not None
    assert levels.zeros is not None
    unpacked = (
        np.stack([levels.numbers & 15, levels.numbers >> 4], axis=2).reshape(levels.shape).astype(np.int16)
    )
    values = levels.scales.astype(np.float32) * (unpacked - levels.zeros.astype(np.int16))
    found = values[:, :2] + values[:, 2, :2, None]
    wanted = numbers.reshape(3, 2, 32) * scales[..., None] + minima[..., None]
    np.testing.assert_allclose(found, wanted, atol=6e-4)


def test_rests_too_far_apart_for_four_bits_are_not_kept() -> None:
    numbers = np.zeros((1, 64), np.uint8)
    scales, minima = np.full((1, 2), 0.01, np.float32), np.array([[5.0, -0.077]], np.float32)
    assert levels_and_rests(numbers, scales, minima, rests=True) is None


WIDE = {"hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 2}


# Fused projections that the checkpoint has, those that the import makes (with biases, too), and four norms.
@pytest.mark.parametrize(
    ("family", "kind"), [("phi 3", "Q4_1"), ("qwen2", "Q4_1"), ("gemma 3", "Q4_0"), ("llama 3.2", "Q4_1")]
)
@pytest.mark.slow
def test_a_model_of_kept_blocks_says_what_their_values_say(family: str, kind: str, tmp_path: Path) -> None:
    case = Case(family, {**CASES[family].content, **WIDE}, False)
    path = convert(tmp_path / "m.gguf", case.content, case.weights, kind_of=lambda _: KINDS[kind])
    source = GgufModel(path)
    config = read_config(source.config)
    weights = weights_of(source, config)
    storage = storage_for("as-is", source, config)
    exact = logits(compiled(build_decoder(config, weights)), IDS)
    for adapters in (False, True):
        kept = build_decoder(config, weights, precision=storage, adapters=adapters)
        request = ov.Core().compile_model(kept, "CPU", EXACT).create_infer_request()
        found = logits(request, IDS)
        assert np.abs(found - exact).std() < 0.02 * exact.std()
    if kind == "Q4_1":
        paged = PagedModel(build_decoder(config, weights, precision=storage))
        (found,) = paged.logits((paged.sequence(len(IDS)), IDS))
        assert np.abs(found - exact).std() < 0.05 * exact.std()  # its products round their inputs, too


def test_query_key_and_value_stay_numbers_of_four_bits_in_one_product(tmp_path: Path) -> None:
    case = Case("llama", {**CASES["llama 3.2"].content, **WIDE}, False)
    path = convert(tmp_path / "m.gguf", case.content, case.weights, kind_of=lambda _: KINDS.Q4_1)
    source = GgufModel(path)
    config = read_config(source.config)
    storage = storage_for("as-is", source, config)
    assert precision_of(storage, "model.layers.0.mlp.up_proj.weight") == "blocks and rests"
    assert precision_of(storage, "model.embed_tokens.weight") == "int8"
    model = build_decoder(config, weights_of(source, config), precision=storage)
    runs = ov.Core().compile_model(model, "CPU", F32).get_runtime_model().get_ops()
    kinds = [
        node.get_rt_info()["runtimePrecision"].astype(str)
        for node in runs
        if node.get_rt_info()["layerType"].astype(str) == "FullyConnected"
    ]
    # qkv, o, gate and up, and down of two layers; and the head.
    assert sorted(kinds) == ["i8", *["u4"] * 8]
