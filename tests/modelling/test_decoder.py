"""Decoders: their logits against numpy, and what the pipeline makes of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai
import pytest
from numpy.typing import NDArray

from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Precision
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.folder import write_model_folder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Weights, random_weights, scripted_weights
from tests.modelling.stateful import F32, compiled, logits

LLAMA = DecoderConfig(
    vocab_size=264,
    hidden_size=32,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,  # heads together wider than the hidden size, as in Qwen3
    intermediate_size=48,
    max_position_embeddings=512,
    eos_token_id=2,
    pad_token_id=0,
)
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {},
    "one head for each": {"num_kv_heads": 4},
    "qwen2": {"attention_bias": True, "tie_embeddings": True},
    "qwen3": {"qk_norm": "head", "rope_theta": 1e6},
}


def shaped(**changes: Any) -> DecoderConfig:
    return replace(LLAMA, **changes)


def uneven(weights: Weights) -> Weights:
    """The same weights with norms that are not all 1."""

    def weight(name: str) -> NDArray[np.float32]:
        values = weights(name)
        return values + np.linspace(-0.5, 0.5, values.size, dtype=np.float32) if "norm" in name else values

    return weight


def reference_logits(config: DecoderConfig, weights: Weights, ids: list[int]) -> NDArray[np.float64]:
    """The whole model in numpy, written from Hugging Face's LlamaModel: [tokens, vocab]."""

    def get(name: str) -> NDArray[np.float64]:
        return weights(name).astype(np.float64)

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = x / np.sqrt((x**2).mean(-1, keepdims=True) + config.rms_eps)
        return scaled * get(f"{name}.weight")

    def heads(name: str, count: int) -> NDArray[np.float64]:
        bias = get(f"{name}.bias") if config.attention_bias else 0
        return (normed @ get(f"{name}.weight").T + bias).reshape(len(ids), count, -1)

    def rotate(x: NDArray[np.float64]) -> NDArray[np.float64]:
        half = config.head_dim // 2
        angles = np.outer(np.arange(len(ids)), config.rope_theta ** -(np.arange(half) / half))[:, None, :]
        first, second = x[..., :half], x[..., half:]
        cos, sin = np.cos(angles), np.sin(angles)
        return np.concatenate([first * cos - second * sin, second * cos + first * sin], -1)

    x = get("model.embed_tokens.weight")[ids]
    for index in range(config.num_layers):
        layer = f"model.layers.{index}"
        normed = norm(x, f"{layer}.input_layernorm")
        query = heads(f"{layer}.self_attn.q_proj", config.num_heads)
        key = heads(f"{layer}.self_attn.k_proj", config.num_kv_heads)
        value = heads(f"{layer}.self_attn.v_proj", config.num_kv_heads)
        if config.qk_norm:
            query = norm(query, f"{layer}.self_attn.q_norm")
            key = norm(key, f"{layer}.self_attn.k_norm")
        shared = config.num_heads // config.num_kv_heads
        key, value = np.repeat(rotate(key), shared, 1), np.repeat(value, shared, 1)
        scores = np.einsum("qhd,khd->hqk", rotate(query), key) / np.sqrt(config.head_dim)
        scores = np.where(np.tri(len(ids), dtype=bool), scores, -np.inf)
        share = np.exp(scores - scores.max(-1, keepdims=True))
        share /= share.sum(-1, keepdims=True)
        attended = np.einsum("hqk,khd->qhd", share, value).reshape(len(ids), -1)
        x = x + attended @ get(f"{layer}.self_attn.o_proj.weight").T
        normed = norm(x, f"{layer}.post_attention_layernorm")
        gate, up = (normed @ get(f"{layer}.mlp.{name}_proj.weight").T for name in ("gate", "up"))
        x = x + (gate / (1 + np.exp(-gate)) * up) @ get(f"{layer}.mlp.down_proj.weight").T
    head = "model.embed_tokens" if config.tie_embeddings else "lm_head"
    logits: NDArray[np.float64] = norm(x, "model.norm") @ get(f"{head}.weight").T
    return logits


@pytest.mark.parametrize("name", SHAPES)
def test_logits_are_those_of_the_reference(name: str) -> None:
    config = shaped(**SHAPES[name])
    weights = uneven(random_weights(config, seed=1))
    ids = [5, 250, 77, 5, 9, 130, 31]
    expected = reference_logits(config, weights, ids)
    np.testing.assert_allclose(
        logits(compiled(build_decoder(config, weights)), ids), expected, atol=2e-4, rtol=1e-3
    )


def test_the_state_remembers_what_came_before() -> None:
    request = compiled(build_decoder(LLAMA, random_weights(LLAMA, seed=1)))
    ids = [5, 250, 77, 5, 9, 130, 31]
    whole = logits(request, ids)
    parts = [logits(request, ids[:4]), logits(request, ids[4:5], past=4), logits(request, ids[5:], past=5)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-4)


@pytest.mark.parametrize(("precision", "error"), [("f16", 0.01), ("int8", 0.1)])
def test_smaller_weights_give_nearly_the_same_logits(precision: Precision, error: float) -> None:
    weights = random_weights(LLAMA, seed=1)
    ids = list(range(40, 60))
    exact = logits(compiled(build_decoder(LLAMA, weights)), ids)
    rounded = logits(compiled(build_decoder(LLAMA, weights, precision=precision)), ids)
    assert 0 < np.abs(rounded - exact).max() < error * exact.std() * 3
    assert np.corrcoef(rounded.ravel(), exact.ravel())[0, 1] > 0.999


def test_a_weight_of_another_shape_is_refused() -> None:
    weights = random_weights(shaped(hidden_size=16), seed=0)
    with pytest.raises(
        ValueError, match=r"model.embed_tokens.weight has shape \(264, 16\); the config makes it \(264, 32\)"
    ):
        build_decoder(LLAMA, weights)


def test_a_config_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="num_heads 4 is not a multiple of num_kv_heads 3"):
        shaped(num_kv_heads=3)
    with pytest.raises(ValueError, match="head_dim 15 is odd"):
        shaped(head_dim=15)


def write(folder: Path, config: DecoderConfig, weights: Weights, precision: Precision = "f32") -> Path:
    pairs = BytePairs(("<pad>", "<s>", "<end>"), tuple((b"a", bytes([byte])) for byte in b"bcdef"))
    tokenizer, detokenizer = build_tokenizer(pairs, eos="<end>", pad="<pad>")
    write_model_folder(
        folder,
        model=build_decoder(config, weights, precision=precision),
        tokenizer=tokenizer,
        detokenizer=detokenizer,
        config=config,
        eos_token="<end>",
        pad_token="<pad>",
    )
    return folder


def generate(
    folder: Path, prompts: list[list[int]], properties: dict[str, str], new_tokens: int = 15
) -> Iterator[list[int]]:
    """Greedy continuations of all prompts in one batch."""
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks = 64
    pipeline = openvino_genai.ContinuousBatchingPipeline(str(folder), scheduler, "CPU", properties)
    config = openvino_genai.GenerationConfig(max_new_tokens=new_tokens, ignore_eos=True)
    handles = [
        pipeline.add_request(index, ov.Tensor(np.array([prompt])), config)
        for index, prompt in enumerate(prompts)
    ]
    while pipeline.has_non_finished_requests():
        pipeline.step()
    return (handle.read_all()[0].generated_ids for handle in handles)


@pytest.mark.parametrize("properties", [{}, F32], ids=["default precision", "f32"])
def test_a_scripted_model_says_what_its_script_says(tmp_path: Path, properties: dict[str, str]) -> None:
    config = shaped(hidden_size=64, num_layers=1)

    def successor(token: int) -> int:
        return 7 if token % 10 == 3 else (token * 5 + 1) % config.vocab_size

    folder = write(tmp_path, config, scripted_weights(config, successor))
    prompts = [[9, 9, first] for first in range(3, 264, 9)]
    for prompt, continuation in zip(prompts, generate(folder, prompts, properties), strict=True):
        expected, token = [], prompt[-1]
        for _ in range(15):
            token = successor(token)
            expected.append(token)
        assert continuation == expected


def test_a_script_may_send_every_token_to_the_same() -> None:
    config = shaped(hidden_size=64, num_layers=1)
    model = compiled(build_decoder(config, scripted_weights(config, lambda token: 9)))
    assert set(logits(model, list(range(264))).argmax(-1)) == {9}


def test_a_script_needs_room_for_its_tokens() -> None:
    with pytest.raises(ValueError, match="264 tokens do not keep apart in hidden_size 4"):
        scripted_weights(shaped(hidden_size=4), lambda token: token)


@pytest.mark.parametrize("precision", ["f32", "f16", "int8"])
def test_the_pipeline_takes_every_precision(tmp_path: Path, precision: Precision) -> None:
    config = shaped(attention_bias=True, tie_embeddings=True)
    weights = random_weights(config, seed=3, gain=2.0)
    folder = write(tmp_path, config, weights, precision)
    (continuation,) = generate(folder, [[5, 6, 7]], F32, new_tokens=8)
    model, ids = compiled(build_decoder(config, weights, precision=precision)), [5, 6, 7]
    for _ in range(8):
        ids.append(int(logits(model, ids)[-1].argmax()))
    assert continuation == ids[3:]


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in {"first": 4, "again": 4, "other": 5}.items():
        write(tmp_path / name, LLAMA, random_weights(LLAMA, seed))
    first, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("first", "again", "other")
    )
    assert first == again
    assert {name for name in first if first[name] != other[name]} == {"openvino_model.bin"}
