"""What the options of the genai core do, seen in what it generates."""

from __future__ import annotations

import json
import random
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.protocol import (
    BeamSearch,
    Delta,
    GenerateRequest,
    Grammar,
    RequestRefused,
    SamplingParams,
)
from tests.engines.cores import (
    MODEL,
    a_prompt,
    circle_model,
    deltas,
    greedy,
    loaded,
    random_model,
    run,
    text,
    tokens,
    usage_when_settled,
)
from tests.tokens import logprobs as logprobs_of

PROMPT = a_prompt(5)


def steps_and_tokens(core: GenaiCore, prompt: list[int], sampling: SamplingParams) -> tuple[int, list[int]]:
    before = core.stats().steps
    generated = tokens(core, prompt, sampling)
    return core.stats().steps - before, generated


# --- a draft model


@pytest.fixture(scope="module")
def drafted() -> GenaiCore:
    """Its draft model is the model itself, so all that is guessed is right."""
    return loaded(draft_models_path=str(MODEL))


@pytest.fixture(scope="module")
def plain() -> GenaiCore:
    return loaded()


def test_a_draft_model_gives_the_same_text_in_fewer_steps(drafted: GenaiCore, plain: GenaiCore) -> None:
    for others in ({}, {"frequency_penalty": 2.0}, {"repetition_penalty": 1.5}):
        sampling = greedy(60, **others)
        steps, expected = steps_and_tokens(plain, PROMPT, sampling)
        fewer, generated = steps_and_tokens(drafted, PROMPT, sampling)
        assert generated == expected
        assert (steps, fewer) == (60, 11)  # one token of its own and the default of 5 that were guessed
    assert drafted.info.speculation == "draft_model"
    assert plain.info.speculation is None


def test_a_draft_model_that_guesses_wrong_changes_no_token(tmp_path: Path) -> None:
    model, draft = circle_model(tmp_path / "model"), random_model(tmp_path / "draft", seed=5)
    core = loaded(models_path=str(model), draft_models_path=str(draft))
    assert steps_and_tokens(core, [20], greedy(40)) == (40, [20 + (1 + n) % 16 for n in range(40)])


def test_how_many_tokens_are_guessed_is_the_requests_choice_or_the_options(drafted: GenaiCore) -> None:
    steps = [
        steps_and_tokens(drafted, PROMPT, greedy(60, num_assistant_tokens=n))[0]
        for n in (1, 2, 10, 1000, 2**62)
    ]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] == 31
    assert steps[-1] == 2
    option = loaded(draft_models_path=str(MODEL), num_assistant_tokens=10)
    assert steps_and_tokens(option, PROMPT, greedy(60))[0] == steps[2]


def test_a_threshold_is_taken_in_place_of_a_number(drafted: GenaiCore, plain: GenaiCore) -> None:
    expected = tokens(plain, PROMPT, greedy(60))
    steps, generated = steps_and_tokens(drafted, PROMPT, greedy(60, assistant_confidence_threshold=0.4))
    assert generated == expected
    assert steps < 60
    option = loaded(draft_models_path=str(MODEL), assistant_confidence_threshold=0.4)
    assert steps_and_tokens(option, PROMPT, greedy(60)) == (steps, expected)


def test_guessed_tokens_have_their_logprobs_and_end_at_a_stop(drafted: GenaiCore, plain: GenaiCore) -> None:
    def whole(core: GenaiCore, sampling: SamplingParams) -> tuple[list[int], list[float], Any]:
        parts = deltas(core, PROMPT, sampling)
        logprobs = [logprob for delta in parts for logprob in logprobs_of(delta.tokens)]
        return [token.id for delta in parts for token in delta.tokens], logprobs, parts[-1].finish

    expected, logprobs, _ = whole(plain, greedy(30, logprobs=True))
    generated, guessed, finish = whole(drafted, greedy(30, logprobs=True))
    assert (generated, finish) == (expected, "length")
    assert guessed == pytest.approx(logprobs, abs=1e-3)
    stopped = whole(drafted, greedy(30, stop_token_ids=(expected[7],)))
    assert stopped == (expected[: expected.index(expected[7]) + 1], [], "stop")


def test_a_seed_holds_with_a_draft_model_too(drafted: GenaiCore) -> None:
    texts = [
        tokens(drafted, PROMPT, SamplingParams(max_tokens=20, seed=seed, ignore_eos=True))
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_grammar_is_followed_where_tokens_are_guessed(drafted: GenaiCore, plain: GenaiCore) -> None:
    for core in (drafted, loaded(prompt_lookup=True)):
        for rules in ("(ab|cd){1,8}[0-9]{4}x", "(yes |no ){20}end"):
            sampling = SamplingParams(max_tokens=100, temperature=0, grammar=Grammar("regex", rules))
            assert text(core, PROMPT, sampling) == text(plain, PROMPT, sampling)


@pytest.mark.slow
def test_the_draft_models_cache_is_counted(tmp_path: Path) -> None:
    plain, drafted = loaded(), loaded(draft_models_path=str(MODEL))
    assert drafted.info.cache_bytes == 2 * plain.info.cache_bytes
    plain, drafted = (
        loaded(num_kv_blocks=None, cache_size=0.01, **options)
        for options in ({}, {"draft_models_path": str(MODEL)})
    )
    assert drafted.info.num_kv_blocks == plain.info.num_kv_blocks // 2


def test_a_draft_model_with_a_larger_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has 1280 tokens in its vocabulary and .* has 270"):
        loaded(models_path=str(circle_model(tmp_path)), draft_models_path=str(MODEL))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_assistant_tokens": 0}, "num_assistant_tokens is 0; at least 1 is needed"),
        ({"assistant_confidence_threshold": 0.0}, "assistant_confidence_threshold is 0.0"),
        ({"assistant_confidence_threshold": 1.5}, "assistant_confidence_threshold is 1.5"),
        ({"assistant_confidence_threshold": 0.5, "num_assistant_tokens": 3}, "exclude each other"),
        ({"max_ngram_size": 3}, "max_ngram_size is for engines with prompt lookup"),
        ({"beams": BeamSearch(width=2)}, "has no use_beam_search"),
    ],
    ids=str,
)
def test_what_a_draft_model_cannot_do_is_refused(
    drafted: GenaiCore, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RequestRefused, match=reason):
        drafted.add(GenerateRequest(1, PROMPT, greedy(5, **changes)))
    assert len(run(drafted, GenerateRequest(2, PROMPT, greedy(5)))[2]) == 5


def test_a_cancelled_request_frees_the_cache_with_a_draft_model_too() -> None:
    core = loaded(draft_models_path=str(MODEL))
    core.add(GenerateRequest(1, a_prompt(100), greedy(1000)))
    for _ in range(10):
        core.step()
    core.cancel(1)
    assert usage_when_settled(core) == 0


# --- prompt lookup


@pytest.mark.parametrize(
    "options", [{"prompt_lookup": True}, {"plugin_config": {"prompt_lookup": True}}], ids=str
)
def test_prompt_lookup_gives_the_same_text_in_fewer_steps_where_it_repeats(
    options: dict[str, Any], tmp_path: Path
) -> None:
    model = str(circle_model(tmp_path))
    steps, expected = steps_and_tokens(loaded(models_path=model), [20], greedy(80))
    core = loaded(models_path=model, **options)
    fewer, generated = steps_and_tokens(core, [20], greedy(80))
    assert generated == expected
    assert fewer < steps / 2
    more = steps_and_tokens(core, [20], greedy(80, num_assistant_tokens=12, max_ngram_size=1))
    assert more[0] < fewer
    assert more[1] == expected
    assert core.info.speculation == "prompt_lookup"


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 20))])
def test_prompt_lookup_survives_a_cache_and_a_batch_that_are_too_small_for_all(
    seed: int, tmp_path: Path
) -> None:
    # Left alone, genai throws in step() when it has no room for all the tokens that it has guessed.
    chance = random.Random(seed)
    core = loaded(
        models_path=str(circle_model(tmp_path)),
        prompt_lookup=True,
        num_kv_blocks=12,
        max_num_batched_tokens=chance.choice([16, 32]),
        enable_prefix_caching=bool(seed % 2),
    )
    lengths = {}
    for number in range(20):
        prompt = [20 + (number + 3 * n) % 16 for n in range(chance.choice([3, 40, 100]))]
        lengths[number] = chance.choice([5, 100, 150])
        guesses = chance.choice([1, 5, 15, 100])
        core.add(GenerateRequest(number, prompt, greedy(lengths[number], num_assistant_tokens=guesses)))
    generated = dict.fromkeys(lengths, 0)
    completed = 0
    while lengths:
        if chance.random() < 0.01:
            doomed = chance.choice(list(lengths))
            core.cancel(doomed)
            del lengths[doomed]
        for outcome in core.step():
            assert isinstance(outcome, Delta)
            generated[outcome.request] += len(outcome.tokens)
            if outcome.finish is not None:
                assert generated[outcome.request] == lengths.pop(outcome.request)
                completed += 1
    assert completed > 5


def test_what_prompt_lookup_cannot_do_is_refused() -> None:
    core = loaded(prompt_lookup=True)
    for changes in (
        {"assistant_confidence_threshold": 0.5},
        {"max_ngram_size": 0},
        {"num_assistant_tokens": 0},
    ):
        with pytest.raises(RequestRefused):
            core.add(GenerateRequest(1, PROMPT, greedy(5, **changes)))
    assert len(run(core, GenerateRequest(2, PROMPT, greedy(5)))[2]) == 5


# --- cache eviction, sparse attention


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aggregation_mode": "SUM"},
        {"aggregation_mode": "SUM", "snapkv_window_size": 8},
        {"snapkv_window_size": 0},
        {"kv_crush_config": {"budget": 2, "anchor_point_mode": "MEAN"}},
    ],
    ids=str,
)
@pytest.mark.slow
def test_cache_eviction_bounds_the_cache_of_a_long_text_and_takes_prompts_of_any_length(
    changes: dict[str, Any],
) -> None:
    config = {"start_size": 32, "recent_size": 128, "max_cache_size": 256, **changes}
    core = loaded(cache_eviction_config=config)
    assert most_blocks(core) == 9  # one beyond max_cache_size is being filled
    for length in (1, *range(31, 45), 64, 300):
        assert len(tokens(core, a_prompt(length, seed=length), greedy(2))) == 2


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 12))])
def test_cache_eviction_survives_a_cache_that_is_too_small_for_all(seed: int) -> None:
    # Left alone, genai throws in step() when a sequence of which it has evicted a part is preempted.
    chance = random.Random(seed)
    blocks = chance.choice([16, 24, 64])
    core = loaded(
        cache_eviction_config={"start_size": 32, "recent_size": 32, "max_cache_size": 128},
        num_kv_blocks=blocks,
        max_num_batched_tokens=chance.choice([16, 48, 256]),
    )
    shared = a_prompt(blocks * 32, seed=7)
    coming: list[GenerateRequest] = []
    live: set[int] = set()
    for number in range(40):
        length = min(chance.choice([20, 38, 130, 300, 700]) + chance.randrange(20), blocks * 32 - 10)
        prompt = shared[:length] if chance.random() < 0.5 else a_prompt(length, seed=1000 * seed + number)
        longest = min(chance.choice([1, 5, 40, 150, 300]), blocks * 32 - length)
        coming.append(GenerateRequest(number, prompt, greedy(longest)))
    completed = 0
    while coming or live:
        while coming and chance.random() < 0.3:
            core.add(coming[-1])
            live.add(coming.pop().id)
        if live and chance.random() < 0.03:
            core.cancel(doomed := chance.choice(sorted(live)))
            live.remove(doomed)
        for outcome in core.step():
            assert isinstance(outcome, Delta)
            if outcome.finish is not None:
                live.remove(outcome.request)
                completed += 1
    assert completed > 5


def test_prompts_that_begin_alike_share_no_cache_from_which_something_is_evicted() -> None:
    given = {"models_path": "m", "cache_eviction_config": EVICTION}
    assert not GenaiOptions.of(given).prefix_caching
    assert not GenaiOptions.of({**given, "enable_prefix_caching": False}).prefix_caching
    assert GenaiOptions.of({"models_path": "m"}).prefix_caching


def test_without_cache_eviction_a_long_text_keeps_all_of_itself(plain: GenaiCore) -> None:
    assert most_blocks(plain) == 13


def most_blocks(core: GenaiCore) -> int:
    """What a text of 400 tokens holds of the cache when it holds most."""
    core.add(GenerateRequest(1, a_prompt(40), greedy(360)))
    largest = 0.0
    while core.stats().num_requests:
        core.step()
        largest = max(largest, core.stats().kv_cache_usage)
    return round(largest * 64)


@pytest.mark.slow
def test_until_something_is_evicted_the_text_is_the_same(plain: GenaiCore) -> None:
    core = loaded(cache_eviction_config={"start_size": 32, "recent_size": 128, "max_cache_size": 256})
    evicted, whole = (tokens(c, a_prompt(40), greedy(400)) for c in (core, plain))
    assert evicted[:200] == whole[:200]
    assert evicted != whole


@pytest.mark.parametrize(
    "config",
    [
        {
            "mode": "TRISHAPE",
            "num_last_dense_tokens_in_prefill": 32,
            "num_retained_start_tokens_in_cache": 32,
            "num_retained_recent_tokens_in_cache": 64,
        },
        {"mode": "XATTENTION", "xattention_threshold": 0.1},
    ],
    ids=lambda config: config["mode"],
)
def test_sparse_attention_leaves_something_out_of_long_prompts_alone(
    config: dict[str, Any], plain: GenaiCore
) -> None:
    core = loaded(sparse_attention_config=config)

    def first_logprob(core: GenaiCore, prompt: list[int]) -> float:
        return deltas(core, prompt, greedy(1, logprobs=True))[0].tokens[0].logprob or 0.0

    for length, same in ((60, True), (1500, False)):
        prompt = a_prompt(length)
        difference = abs(first_logprob(core, prompt) - first_logprob(plain, prompt))
        assert (difference < 1e-3) == same


# --- LoRA, the precision of the cache


def write_adapter(path: Path, *, part: float = 1.0) -> Path:
    """A LoRA adapter for the embedded model, as a safetensors file: header's length, header, numbers."""
    chance = np.random.default_rng(1)
    tensors = {}
    for layer in range(3):
        for name, (outputs, inputs) in {"self_attn.q_proj": (64, 64), "mlp.gate_proj": (128, 64)}.items():
            module = f"base_model.model.model.layers.{layer}.{name}"
            tensors[f"{module}.lora_A.weight"] = chance.normal(0, 0.3, (8, inputs)).astype(np.float32)
            tensors[f"{module}.lora_B.weight"] = chance.normal(0, 0.3 * part, (outputs, 8)).astype(np.float32)
    header, body = {}, b""
    for name, values in tensors.items():
        end = len(body) + values.nbytes
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(body), end]}
        body += values.tobytes()
    described = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(described)) + described + body)
    return path


@pytest.mark.slow
def test_an_adapter_changes_the_text_as_far_as_its_alpha_says(tmp_path: Path, plain: GenaiCore) -> None:
    path = str(write_adapter(tmp_path / "lora.safetensors"))

    def with_adapters(*adapters: dict[str, Any], **options: Any) -> list[int]:
        return tokens(loaded(adapters=list(adapters), **options), PROMPT, greedy(10))

    base = tokens(plain, PROMPT, greedy(10))
    adapted = with_adapters({"path": path})
    assert adapted != base
    assert with_adapters({"path": path, "alpha": 0}) == base
    assert with_adapters({"path": path, "alpha": 0.5}) not in (base, adapted)
    assert with_adapters({"path": path, "alpha": 0.5}, {"path": path, "alpha": 0.5}) == adapted
    assert with_adapters({"path": path}, draft_models_path=str(MODEL)) == adapted


def test_an_adapter_that_is_not_there_or_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="/no/such is no file; a path names a safetensors file"):
        loaded(adapters=[{"path": "/no/such"}])
    shutil.copy(MODEL / "config.json", tmp_path / "a.safetensors")
    with pytest.raises(RuntimeError, match="Safetensors file format"):
        loaded(adapters=[{"path": str(tmp_path / "a.safetensors")}])


def test_the_precision_of_the_cache_decides_on_its_size_and_on_the_tokens(plain: GenaiCore) -> None:
    core = loaded(plugin_config={"INFERENCE_PRECISION_HINT": "f32"}, kv_cache_precision="u8")
    assert core.measured_cache_bytes == core.info.cache_bytes < plain.info.cache_bytes / 2
    exact = loaded(plugin_config={"INFERENCE_PRECISION_HINT": "f32"}, kv_cache_precision="f32")
    assert exact.info.cache_bytes == plain.info.cache_bytes
    prompt = a_prompt(200)
    assert tokens(exact, prompt, greedy(40)) == tokens(plain, prompt, greedy(40))
    assert tokens(core, prompt, greedy(40)) != tokens(plain, prompt, greedy(40))


# --- mistakes


EVICTION = {"start_size": 32, "recent_size": 32, "max_cache_size": 128}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cache_sise": 1}, "cache_sise: there is no such option"),
        ({"num_kv_blocks": "many"}, 'num_kv_blocks is "many"; expected `int | null`, got `str`'),
        ({"num_assistant_tokens": 3}, "num_assistant_tokens needs draft_models_path or prompt_lookup"),
        ({"prompt_lookup": True, "num_assistant_tokens": 0}, "num_assistant_tokens is 0"),
        ({"prompt_lookup": True, "max_ngram_size": 0}, "max_ngram_size is 0; expected `int` >= 1"),
        ({"prompt_lookup": True, "max_num_batched_tokens": 1}, "prompt_lookup needs at least 2"),
        ({"cache_size": -1}, "cache_size is -1; expected `float` > 0"),
        ({"draft_models_path": "d", "max_ngram_size": 2}, "max_ngram_size needs prompt_lookup"),
        ({"draft_device": "GPU"}, "draft_device needs draft_models_path"),
        ({"draft_models_path": "d", "prompt_lookup": True}, "exclude each other"),
        (
            {"draft_models_path": "d", "assistant_confidence_threshold": 2.0},
            "threshold is 2.0; expected `float` <= 1.0",
        ),
        (
            {"draft_models_path": "d", "assistant_confidence_threshold": 0.4, "num_assistant_tokens": 2},
            "exclude each other",
        ),
        ({"draft_models_path": "d", "enable_prefix_caching": True}, "set enable_prefix_caching to false"),
        ({"prompt_lookup": True, "cache_eviction_config": EVICTION}, "works neither with draft_models_path"),
        ({"cache_eviction_config": {"start_size": 32}}, "cache_eviction_config: object missing required"),
        (
            {"cache_eviction_config": {**EVICTION, "start_size": 33}},
            "cache_eviction_config.start_size is 33; on CPU it must be a multiple of 32",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "recent_size": 0}},
            "cache_eviction_config.recent_size: expected `int` >= 1",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "max_cache_size": 64}},
            "cache_eviction_config: max_cache_size is 64; it must be above start_size",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "aggregation_mode": "ADAPTIVE_RKV"}},
            "aggregation_mode: invalid enum value 'ADAPTIVE_RKV'; there are: SUM, NORM_SUM",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "snapkv_window_size": 8}},
            "cache_eviction_config: snapkv_window_size is 8; with aggregation_mode NORM_SUM it must be 0 or 1, "
            "because openvino-genai fails with more over prompts of 33 to 39 tokens",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "apply_rotation": True}},
            "cache_eviction_config: apply_rotation is true; it must be false",
        ),
        (
            {"cache_eviction_config": EVICTION, "enable_prefix_caching": True},
            "enable_prefix_caching and cache_eviction_config exclude each other",
        ),
        (
            {"cache_eviction_config": {**EVICTION, "kv_crush_config": {"budget": -1}}},
            "cache_eviction_config.kv_crush_config.budget: expected `int` >= 0",
        ),
        ({"sparse_attention_config": {"mode": "DENSE"}}, "sparse_attention_config.mode: invalid enum value"),
        (
            {"sparse_attention_config": {"num_retained_start_tokens_in_cache": 100}},
            "num_retained_start_tokens_in_cache is 100; on CPU it must be a multiple of 32",
        ),
        (
            {"sparse_attention_config": {"xattention_threshold": 7}},
            "xattention_threshold: expected `float` <= 1.0",
        ),
        (
            {"sparse_attention_config": {"xattention_block_size": 32, "xattention_stride": 5}},
            "xattention_stride",
        ),
        ({"adapters": [{"path": "a"}, {"path": "b", "alpa": 1}]}, r"adapters\[1\]: .* unknown field `alpa`"),
        ({"adapters": [{"path": "a", "alpha": float("nan")}]}, "alpha is nan; it must be finite"),
        (
            {"kv_cache_precision": "u8", "plugin_config": {"KV_CACHE_PRECISION": "u8"}},
            "say the same thing twice",
        ),
        ({"precision": "fp16"}, 'precision is "fp16"; .* there are: auto, default, f32, bf16, f16'),
        (
            {"precision": "default", "plugin_config": {"INFERENCE_PRECISION_HINT": "f32"}},
            "precision and INFERENCE_PRECISION_HINT in plugin_config say the same thing twice; give one",
        ),
    ],
    ids=str,
)
def test_options_that_cannot_be_meant_are_refused_with_their_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GenaiOptions.of({"models_path": "m", **options})


CONTRADICTIONS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"kv_cache_precision": "u8"},
        "kv_cache_precision",
        "KV_CACHE_PRECISION to f32, kv_cache_precision is u8",
    ),
    *(
        ({"precision": value}, "precision", f"INFERENCE_PRECISION_HINT to f32, precision is {value}")
        for value in ("default", "bf16", "f16")
    ),
    *(
        ({"plugin_config": {name: value}}, f"plugin_config.{name}", f"{name} to {exact}, .* is {value}")
        for name, value, exact in (
            ("INFERENCE_PRECISION_HINT", "bf16", "f32"),
            ("KV_CACHE_PRECISION", "u8", "f32"),
            ("KEY_CACHE_PRECISION", "u8", "f32"),
            ("VALUE_CACHE_PRECISION", "f16", "f32"),
            ("DYNAMIC_QUANTIZATION_GROUP_SIZE", 32, "0"),
        )
    ),
]


@pytest.mark.parametrize(("options", "place", "said"), CONTRADICTIONS, ids=str)
def test_what_contradicts_exact_is_refused_with_both_places(
    options: dict[str, Any], place: str, said: str
) -> None:
    with pytest.raises(ValueError, match=f"exact and {place} contradict each other: exact sets {said}"):
        GenaiOptions.of({"models_path": "m", "exact": True, **options})
    assert not GenaiOptions.of({"models_path": "m", "exact": False, **options}).exact


def test_exact_sets_three_properties_and_leaves_the_others() -> None:
    exact = {
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
    given = {"models_path": "m", "exact": True}
    assert GenaiOptions.of(given).device_properties == exact
    said_twice = {
        "kv_cache_precision": "F32",
        "plugin_config": {"DYNAMIC_QUANTIZATION_GROUP_SIZE": 0, "NUM_STREAMS": 1},
    }
    assert GenaiOptions.of({**given, **said_twice}).device_properties == {**exact, "NUM_STREAMS": 1}
    drafted = GenaiOptions.of({**given, "draft_models_path": "d"})
    assert drafted.draft_properties == exact
    assert GenaiOptions.of({**given, "precision": "f32"}).device_properties == exact


def test_a_precision_is_the_hint_of_that_name_for_the_model_and_its_draft_alike() -> None:
    for precision in ("f32", "bf16", "f16"):
        given = GenaiOptions.of({"models_path": "m", "draft_models_path": "d", "precision": precision})
        assert given.device_properties == {"INFERENCE_PRECISION_HINT": precision}
        assert given.draft_properties == given.device_properties
    for precision in ("auto", "default"):
        assert GenaiOptions.of({"models_path": "m", "precision": precision}).device_properties == {}
    assert GenaiOptions.of({"models_path": "m"}).precision == "auto"


def test_an_exact_engine_says_so_while_it_loads_and_gives_the_text_of_f32(plain: GenaiCore) -> None:
    told: list[Any] = []
    core = load_genai_core({"models_path": str(MODEL), "num_kv_blocks": 64, "exact": True}, told.append)
    assert "compiling for CPU (exact: in f32)" in [one.detail for one in told]
    assert core.info.cache_bytes == plain.info.cache_bytes
    prompt = a_prompt(200)
    assert tokens(core, prompt, greedy(40)) == tokens(plain, prompt, greedy(40))


def test_a_cache_size_of_0_is_none_given_as_for_the_model_server() -> None:
    assert GenaiOptions.of({"models_path": "m", "cache_size": 0}).cache_size is None
    assert GenaiOptions.of({"models_path": "m", "cache_size": 0, "num_kv_blocks": 9}).num_kv_blocks == 9


def test_an_engines_fingerprint_changes_with_its_settings_and_not_with_its_lives(plain: GenaiCore) -> None:
    assert loaded().info.fingerprint == plain.info.fingerprint
    assert loaded(max_num_seqs=3).info.fingerprint != plain.info.fingerprint
    assert plain.info.fingerprint.startswith("fp_")


def test_an_engine_names_its_precision_and_its_fingerprint_has_it_whichever_option_says_so() -> None:
    f32, bf16 = (
        loaded(plugin_config={}, precision=precision, models_path=str(MODEL)) for precision in ("f32", "bf16")
    )
    assert (f32.info.precision, bf16.info.precision) == ("f32", "bf16")
    assert f32.info.fingerprint != bf16.info.fingerprint
    assert f32.info.settled == {"precision": "f32", "kv_cache_precision": "f16"}
    assert bf16.info.settled == {"precision": "bf16"}
    untouched = loaded(plugin_config={})
    same = f32 if untouched.info.precision == "f32" else bf16
    assert {**untouched.info.settled, "precision": same.info.precision} == same.info.settled
    assert untouched.info.fingerprint == same.info.fingerprint
