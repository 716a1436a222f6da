"""Each family of models against transformers: recorded logits of tiny models, see references/record.py."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino as ov
import openvino_genai
import pytest
from numpy.typing import NDArray

from ovpipe.modelling.bpe import BytePairs
from ovpipe.modelling.config import DecoderConfig, LayerConfig
from ovpipe.modelling.constants import Precision
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.rope import Rope, plain_rope
from ovpipe.modelling.streamed import save_decoder
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.modelling.weights import Array
from tests.modelling.paged import PagedModel
from tests.modelling.references.cases import CASES, IDS
from tests.modelling.stateful import F32, compiled, logits

TOLERANCE = 1e-4
PAGED = [name for name, case in CASES.items() if case.config.paging_obstacle() is None]


@pytest.mark.parametrize("name", CASES)
def test_logits_are_those_of_transformers(name: str) -> None:
    case = CASES[name]
    request = compiled(build_decoder(case.config, case.weights))
    np.testing.assert_allclose(logits(request, IDS), case.logits, atol=TOLERANCE, rtol=0)
    # The same from the state: nine tokens, one, and the rest.
    parts = [
        logits(request, IDS[:9]),
        logits(request, IDS[9:10], past=9),
        logits(request, IDS[10:], past=10),
    ]
    np.testing.assert_allclose(np.concatenate(parts), case.logits, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_projections_that_are_kept_apart_give_the_same_logits(name: str) -> None:
    case = CASES[name]
    model = build_decoder(case.config, case.weights, adapters=True)
    np.testing.assert_allclose(logits(compiled(model), IDS), case.logits, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", PAGED)
@pytest.mark.slow
def test_logits_stay_the_same_through_the_paged_attention_transformation(name: str) -> None:
    case = CASES[name]
    model = PagedModel(build_decoder(case.config, case.weights))
    one, other = model.sequence(len(IDS)), model.sequence(len(IDS))
    (beginning,) = model.logits((one, IDS[:9]))
    # Prompts and next tokens mix in one call.
    token, begun = model.logits((one, IDS[9:10]), (other, IDS[:5]))
    continued, end = model.logits((other, IDS[5:7]), (one, IDS[10:]))
    np.testing.assert_allclose(np.concatenate([beginning, token, end]), case.logits, atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(np.concatenate([begun, continued]), case.logits[:7], atol=TOLERANCE, rtol=0)


def products(model: ov.Model) -> set[str]:
    return {node.get_friendly_name() for node in model.get_ops() if node.get_type_name() == "MatMul"}


def test_projections_of_one_input_are_one_product_unless_adapters_are_to_find_them() -> None:
    case, place = CASES["llama 3.2"], "__module.model.layers.0.{}/ov_ext::linear/MatMul"
    fused = products(build_decoder(case.config, case.weights))
    apart = products(build_decoder(case.config, case.weights, adapters=True))
    singles = {
        place.format(name)
        for name in (
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
        )
    }
    assert singles <= apart
    assert not singles & fused
    assert {
        place.format("self_attn.q_proj+k_proj+v_proj"),
        place.format("mlp.gate_proj+up_proj"),
    } <= fused


def test_adapters_of_a_checkpoint_with_fused_projections_find_these() -> None:
    case, place = CASES["phi 3"], "__module.model.layers.0.{}/ov_ext::linear/MatMul"
    apart = products(build_decoder(case.config, case.weights, adapters=True))
    assert {place.format("self_attn.qkv_proj"), place.format("mlp.gate_up_proj")} <= apart


def test_projections_that_are_stored_differently_are_kept_apart() -> None:
    case = CASES["llama 3.2"]

    def storage(name: str) -> Precision:
        return "int8" if "k_proj" in name else "f32"

    names = products(build_decoder(case.config, case.weights, precision=storage))
    assert {name for name in names if "layers.0" in name} == {
        f"__module.model.layers.0.{name}/ov_ext::linear/MatMul"
        for name in (
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj+up_proj",
            "mlp.down_proj",
        )
    }


def test_a_cap_on_attention_is_named_as_what_cannot_be_paged() -> None:
    assert CASES["gemma 2"].config.paging_obstacle() == (
        "its attention scores are capped at 2 (attn_logit_softcapping), "
        "which OpenVINO's paged attention cannot do"
    )
    assert CASES["gemma 2 without the cap of attention"].config.paging_obstacle() is None


@pytest.mark.parametrize("adapters", [False, True], ids=["fused", "apart"])
@pytest.mark.parametrize("name", CASES)
def test_every_parameter_is_asked_for_once(name: str, adapters: bool) -> None:
    case, asked = CASES[name], Counter[str]()

    def weight(parameter: str) -> Array:
        asked[parameter] += 1
        return case.weights(parameter)

    build_decoder(case.config, weight, adapters=adapters)
    assert asked == dict.fromkeys(case.config.shapes(), 1)


def without_windows(config: DecoderConfig) -> DecoderConfig:
    return replace(config, layers=tuple(replace(layer, window=None) for layer in config.layers))


def with_wider_windows(config: DecoderConfig) -> DecoderConfig:
    layers = (replace(layer, window=layer.window and layer.window + 1) for layer in config.layers)
    return replace(config, layers=tuple(layers))


def with_rope(rope: Callable[[LayerConfig], Rope | None]) -> Callable[[DecoderConfig], DecoderConfig]:
    def change(config: DecoderConfig) -> DecoderConfig:
        return replace(config, layers=tuple(replace(layer, rope=rope(layer)) for layer in config.layers))

    return change


def plain(theta: float, dimensions: int = 16) -> Callable[[DecoderConfig], DecoderConfig]:
    return with_rope(lambda layer: plain_rope(theta, dimensions))


def without_magnitude(layer: LayerConfig) -> Rope:
    assert layer.rope is not None
    return replace(layer.rope, magnitude=1.0)


FEATURES: dict[tuple[str, str], Callable[[DecoderConfig], DecoderConfig]] = {
    ("llama 3.2", "scaled rope"): plain(500_000),
    ("llama with linear rope", "scaled rope"): plain(10_000),
    ("llama with biases", "theta"): plain(10_000),
    ("llama with biases", "bias of q, k, v"): lambda config: replace(config, attention_bias=False),
    ("llama with biases", "bias of o"): lambda config: replace(config, output_bias=False),
    ("llama with biases", "bias of the MLP"): lambda config: replace(config, mlp_bias=False),
    ("mistral", "window"): without_windows,
    ("mistral", "the window's exact length"): with_wider_windows,
    ("qwen2", "biases"): lambda config: replace(config, attention_bias=False),
    ("qwen2 with windows", "windows"): without_windows,
    ("qwen2 with yarn", "scaled rope"): plain(1_000_000),
    ("qwen2 with yarn", "magnitude"): with_rope(without_magnitude),
    ("qwen3", "norms of q and k"): lambda config: replace(config, qk_norm=None),
    ("smollm3", "layers without rope"): plain(5_000_000),
    ("gemma", "1 + w"): lambda config: replace(config, norm_offset=0.0),
    ("gemma", "scaled embeddings"): lambda config: replace(config, embedding_scale=1.0),
    ("gemma", "GeGLU"): lambda config: replace(config, activation="silu"),
    ("gemma", "tanh in GeLU"): lambda config: replace(config, activation="gelu"),
    ("gemma 2", "four norms"): lambda config: replace(config, norms="before"),
    ("gemma 2", "cap of attention"): lambda config: replace(config, attention_cap=None),
    ("gemma 2", "cap of logits"): lambda config: replace(config, logits_cap=None),
    ("gemma 2", "query_pre_attn_scalar"): lambda config: replace(config, attention_scale=None),
    ("gemma 2", "windows"): without_windows,
    ("gemma 3", "local rope"): with_rope(lambda layer: plain_rope(1_000_000, 32)),
    ("gemma 3", "scaled rope of global layers"): with_rope(
        lambda layer: plain_rope(10_000 if layer.window else 1_000_000, 32)
    ),
    ("gemma 3", "norms of q and k"): lambda config: replace(config, qk_norm=None),
    ("gemma 3", "windows"): without_windows,
    ("phi 3", "window"): without_windows,
    ("phi 3.5 in its original context", "short divisors"): plain(10_000),
    ("phi 3.5 beyond its original context", "long divisors"): lambda config: replace(
        config, layers=CASES["phi 3.5 in its original context"].config.layers
    ),
    ("phi 3.5 in its original context", "magnitude"): with_rope(without_magnitude),
    ("phi 4 mini", "dimensions that do not turn"): plain(10_000),
    ("granite", "embedding_multiplier"): lambda config: replace(config, embedding_scale=1.0),
    ("granite", "attention_multiplier"): lambda config: replace(config, attention_scale=None),
    ("granite", "residual_multiplier"): lambda config: replace(config, residual_scale=1.0),
    ("granite", "logits_scaling"): lambda config: replace(config, logits_divisor=1.0),
    ("olmo 2", "norms of q and k"): lambda config: replace(config, qk_norm=None),
    ("olmo 2", "rms_norm_eps"): lambda config: replace(config, rms_eps=1e-2),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "feature"), FEATURES)
def test_without_the_feature_the_logits_are_others(name: str, feature: str) -> None:
    case = CASES[name]
    changed = FEATURES[name, feature](case.config)
    assert changed != case.config
    difference = np.abs(said(changed, case.weights) - case.logits).max()
    assert difference > 5 * TOLERANCE


def said(config: DecoderConfig, weights: Callable[[str], Array]) -> NDArray[np.float32]:
    return logits(compiled(build_decoder(config, weights)), IDS)


def greedy(model: ov.Model, prompt: list[int], count: int) -> list[int]:
    request, ids = compiled(model), list(prompt)
    likeliest = int(logits(request, ids)[-1].argmax())
    for _ in range(count):
        ids.append(likeliest)
        likeliest = int(logits(request, ids[-1:], past=len(ids) - 1)[-1].argmax())
    return ids[len(prompt) :]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGED)
def test_continuous_batching_says_the_same(tmp_path: Path, name: str) -> None:
    case, prompts = CASES[name], [IDS, IDS[:4], IDS[5:17]]
    save_decoder(tmp_path / "openvino_model.xml", case.config, case.weights)
    tokenizer, detokenizer = build_tokenizer(
        BytePairs(("<pad>", "<s>", "<end>"), ()), eos="<end>", pad="<pad>"
    )
    ov.save_model(tokenizer, tmp_path / "openvino_tokenizer.xml")
    ov.save_model(detokenizer, tmp_path / "openvino_detokenizer.xml")
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks, scheduler.max_num_batched_tokens = 64, 8  # prompts in parts, beside next tokens
    pipeline = openvino_genai.ContinuousBatchingPipeline(str(tmp_path), scheduler, "CPU", F32)
    config = openvino_genai.GenerationConfig(max_new_tokens=30, ignore_eos=True)
    handles = [
        pipeline.add_request(index, ov.Tensor(np.array([prompt])), config)
        for index, prompt in enumerate(prompts)
    ]
    while pipeline.has_non_finished_requests():
        pipeline.step()
    model = build_decoder(case.config, case.weights)
    for handle, prompt in zip(handles, prompts, strict=True):
        assert handle.read_all()[0].generated_ids == greedy(model, prompt, 30)
