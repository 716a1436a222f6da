"""The genai core with the embedded model, in this process: what it answers, frees, refuses and survives."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.cores import GENAI
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.genai.sequence import LiveSequence
from ovpipe.engines.messages import Progress, Reading, Refused
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.protocol import (
    Delta,
    EngineLoadError,
    EngineTimeouts,
    GenerateRequest,
    RequestRefused,
    SamplingParams,
)
from tests.engines.cores import F32, MODEL, a_prompt, finish, greedy, loaded, run, usage_when_settled


@pytest.mark.slow
def test_forty_prompts_in_a_batch_get_the_same_tokens_as_each_alone() -> None:
    core = loaded(num_kv_blocks=256)
    requests = [GenerateRequest(n, a_prompt(5 + 2 * n, seed=n), greedy(24)) for n in range(40)]
    alone = [run(core, request)[request.id] for request in requests]
    together = run(core, *requests)
    assert core.stats().max_running == 40
    assert [together[n] for n in range(40)] == alone
    assert len({tuple(tokens) for tokens in alone}) == 40


def test_a_load_reports_the_cache_and_leaves_no_trace_of_its_warm_up() -> None:
    told: list[Progress | Reading] = []
    options = {"models_path": str(MODEL), "plugin_config": F32, "cache_size": 0.01}
    core = load_genai_core(options, told.append)
    progresses = [said for said in told if isinstance(said, Progress)]
    assert progresses == told
    assert any("KV cache of 436 blocks" in progress.detail for progress in progresses)
    assert [p.fraction for p in progresses if p.phase == "warm_up"] == [0.0, 0.25, 0.5, 0.75, 1.0]
    stats = core.stats()
    assert stats.kv_cache_usage == 0
    assert stats.steps == stats.generated_tokens == stats.prompt_tokens == stats.max_running == 0


def test_the_info_is_what_the_folder_says() -> None:
    info = loaded().info
    assert (info.core, info.device, info.vocab_size, info.context_length) == ("genai", "CPU", 1280, 4096)
    assert (info.num_kv_blocks, info.block_size, info.cache_tokens) == (64, 32, 2048)
    assert info.eos_token_ids == [2]
    assert info.generation_config == {"eos_token_id": 2, "pad_token_id": 0}


@pytest.mark.parametrize(
    "plugin_config",
    [
        F32,
        {},
        {"KV_CACHE_PRECISION": "f16"},
        {"KV_CACHE_PRECISION": "u8", "VALUE_CACHE_GROUP_SIZE": 8},
        {"KV_CACHE_PRECISION": "u4"},
        {"KEY_CACHE_PRECISION": "u8", "VALUE_CACHE_PRECISION": "u4"},
    ],
    ids=str,
)
@pytest.mark.slow
def test_the_reckoned_size_of_the_cache_is_the_measured_one(plugin_config: dict[str, Any]) -> None:
    core = loaded(plugin_config=plugin_config)
    assert core.measured_cache_bytes == core.info.cache_bytes > 0


def test_a_cache_of_a_tenth_of_a_gigabyte_is_that_large() -> None:
    core = loaded(num_kv_blocks=None, cache_size=0.1)
    assert 0.099 * 2**30 < core.measured_cache_bytes <= 0.1 * 2**30


def test_a_cache_whose_size_nobody_chose_is_no_larger_than_requests_can_use() -> None:
    core = loaded(num_kv_blocks=None, max_num_seqs=2)
    assert core.info.cache_tokens == 2 * 4096


def test_more_requests_than_may_run_at_once_wait_for_their_turn() -> None:
    core = loaded(max_num_seqs=4)
    tokens = run(core, *(GenerateRequest(n, a_prompt(5, n), greedy(6)) for n in range(10)))
    assert all(len(sequence) == 6 for sequence in tokens.values())
    assert core.stats().max_running == 4


def test_cancelling_half_frees_the_cache_and_the_others_complete() -> None:
    core = loaded()
    requests = [GenerateRequest(n, a_prompt(40, n), greedy(50)) for n in range(8)]
    for request in requests:
        core.add(request)
    for _ in range(10):
        core.step()
    assert core.stats().kv_cache_usage == 16 / 64
    for n in range(4):
        core.cancel(n)
        core.cancel(n)  # again: nothing
    tokens = finish(core, range(4, 8))
    assert core.stats().num_requests == 0
    assert usage_when_settled(core) == 0
    for n, rest in tokens.items():
        assert len(rest) >= 40
        assert run(core, requests[n])[n][-len(rest) :] == rest


def test_a_request_may_fill_the_whole_cache_and_one_token_more_is_refused() -> None:
    core = loaded(num_kv_blocks=4)
    core.add(GenerateRequest(1, a_prompt(20), greedy(30)))
    with pytest.raises(RequestRefused, match="whole KV cache holds 128"):
        core.add(GenerateRequest(2, a_prompt(100), greedy(29)))
    core.add(GenerateRequest(3, a_prompt(100), greedy(28)))
    tokens = finish(core, [1, 3])
    assert [len(tokens[1]), len(tokens[3])] == [30, 28]


@pytest.mark.parametrize(
    ("prompt", "sampling", "reason"),
    [
        ([], greedy(5), "no tokens"),
        ([5, 1280], greedy(5), "token id 1280; ids are 0 to 1279"),
        ([5, -1], greedy(5), "token id -1"),
        ([5, 2**40], greedy(5), "token id 1099511627776"),
        ([5], greedy(0), "max_tokens is 0"),
        ([5], greedy(4096), "context holds 4096"),
        ([5], SamplingParams(max_tokens=5, temperature=float("nan")), "temperature is nan"),
        ([5], SamplingParams(max_tokens=5, temperature=float("inf")), "temperature is inf"),
        ([5], SamplingParams(max_tokens=5, temperature=-0.1), "temperature is -0.1"),
        ([5], SamplingParams(max_tokens=5, top_p=0.0), "top_p is 0.0"),
        ([5], SamplingParams(max_tokens=5, top_p=float("nan")), "top_p is nan"),
        ([5], SamplingParams(max_tokens=5, top_p=1.5), "top_p is 1.5"),
        ([5], SamplingParams(max_tokens=5, top_k=0), "top_k is 0"),
        ([5], SamplingParams(max_tokens=5, repetition_penalty=0.0), "repetition_penalty is 0.0"),
        ([5], SamplingParams(max_tokens=5, repetition_penalty=float("inf")), "repetition_penalty is inf"),
    ],
    ids=str,
)
def test_what_can_never_be_served_is_refused(
    prompt: list[int], sampling: SamplingParams, reason: str, roomy: GenaiCore
) -> None:
    with pytest.raises(RequestRefused, match=reason):
        roomy.add(GenerateRequest(1, prompt, sampling))
    assert run(roomy, GenerateRequest(2, [5], greedy(1)))[2]


@pytest.fixture(scope="module")
def roomy() -> GenaiCore:
    """With a cache larger than the context; for tests that leave nothing in it."""
    return loaded(num_kv_blocks=256)


def test_the_bounds_of_what_is_served_are_served(roomy: GenaiCore) -> None:
    for n, sampling in enumerate(
        (
            SamplingParams(max_tokens=3, temperature=1e-320, top_p=1e-9, top_k=1),
            SamplingParams(max_tokens=3, temperature=1e30, top_k=2**62, seed=-1),
            SamplingParams(max_tokens=3, seed=2**64, repetition_penalty=1e30),
            SamplingParams(max_tokens=3, seed=0, repetition_penalty=1e-30),
        )
    ):
        tokens = run(roomy, GenerateRequest(n, [0, 1279], sampling))[n]
        assert 1 <= len(tokens) <= 3


def test_without_split_fuse_a_prompt_above_the_batch_is_refused() -> None:
    core = loaded(dynamic_split_fuse=False, max_num_batched_tokens=64)
    with pytest.raises(RequestRefused, match="65 tokens; without dynamic_split_fuse"):
        core.add(GenerateRequest(1, a_prompt(65), greedy(1)))
    assert len(run(core, GenerateRequest(1, a_prompt(64), greedy(1)))[1]) == 1


def test_after_a_full_cache_is_cancelled_a_request_for_most_of_it_runs() -> None:
    core = loaded(enable_prefix_caching=True)
    for n in range(8):
        core.add(GenerateRequest(n, a_prompt(100, n), greedy(200)))
    while core.stats().kv_cache_usage < 0.95:
        core.step()
    for n in range(8):
        core.cancel(n)
    large = int(0.9 * core.info.cache_tokens)
    assert len(run(core, GenerateRequest(9, a_prompt(large - 10), greedy(10)))[9]) == 10


def test_a_request_that_genai_drops_when_its_cache_is_full_is_resumed_where_it_stood() -> None:
    # genai's fault: the holder's blocks come free only after the step, in which nothing else can be
    # scheduled; whereupon it marks the others IGNORED.
    core = loaded(num_kv_blocks=8, max_num_batched_tokens=64, enable_prefix_caching=False)
    waiting = GenerateRequest(2, a_prompt(200, 2), greedy(40))
    alone = run(core, waiting)[2]
    core.add(GenerateRequest(1, a_prompt(60, 1), greedy(150)))
    for _ in range(30):
        core.step()
    core.add(waiting)
    for _ in range(30):
        assert all(isinstance(outcome, Delta) and outcome.request == 1 for outcome in core.step())
    core.cancel(1)
    assert finish(core, [2])[2] == alone


def test_a_dropped_request_too_long_to_be_resumed_is_refused_and_not_left_waiting() -> None:
    core = loaded(
        num_kv_blocks=8, dynamic_split_fuse=False, max_num_batched_tokens=64, enable_prefix_caching=False
    )
    core.add(GenerateRequest(1, a_prompt(60, 1), greedy(190)))
    core.add(GenerateRequest(2, a_prompt(60, 2), greedy(180)))
    for _ in range(100):
        core.step()
    core.cancel(1)
    outcomes = [outcome for _ in range(4) for outcome in core.step()]
    assert [outcome.message for outcome in outcomes if isinstance(outcome, Refused)] == [
        "the KV cache was full and the request was dropped (IGNORED)"
    ]
    assert core.stats().num_requests == 0
    assert len(run(core, GenerateRequest(3, a_prompt(60, 3), greedy(5)))[3]) == 5


def test_a_sequence_whose_output_cannot_be_read_is_refused_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    core, read = loaded(), LiveSequence.read

    def fail_for_one(sequence: LiveSequence) -> Delta | None:
        if sequence.request.id == 1 and len(sequence.generated) == 2:
            raise OverflowError("no such number")
        return read(sequence)

    alone = run(core, GenerateRequest(2, a_prompt(9), greedy(6)))
    monkeypatch.setattr(LiveSequence, "read", fail_for_one)
    core.add(GenerateRequest(1, a_prompt(5), greedy(6)))
    core.add(GenerateRequest(2, a_prompt(9), greedy(6)))
    outcomes = [outcome for _ in range(8) for outcome in core.step()]
    assert [o for o in outcomes if isinstance(o, Refused)] == [
        Refused(1, "what it brought cannot be read: no such number")
    ]
    assert [t.id for o in outcomes if isinstance(o, Delta) and o.request == 2 for t in o.tokens] == alone[2]
    assert usage_when_settled(core) == 0


@pytest.mark.slow
def test_under_pressure_with_cancels_every_request_gets_the_tokens_it_gets_alone() -> None:
    core = loaded(num_kv_blocks=24)
    chance = random.Random(3)
    requests = {}
    for n in range(1, 41):
        prompt = a_prompt(chance.randint(1, 400), n)
        requests[n] = GenerateRequest(n, prompt, greedy(chance.choice([5, 60, 300])))
    reference = loaded(num_kv_blocks=24)
    live: dict[int, list[int]] = {}
    completed = 0
    waiting = list(requests.values())
    while waiting or live:
        while waiting and len(live) < 8:
            request = waiting.pop()
            core.add(request)
            live[request.id] = []
        if chance.random() < 0.04:
            doomed = chance.choice(list(live))
            core.cancel(doomed)
            del live[doomed]
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            live[outcome.request] += [token.id for token in outcome.tokens]
            if outcome.finish is not None:
                request = requests[outcome.request]
                assert live.pop(outcome.request) == run(reference, request)[request.id]
                completed += 1
    assert completed > 10


def test_a_seed_gives_the_same_tokens_again_alone_or_in_a_batch_and_none_gives_others(
    roomy: GenaiCore,
) -> None:
    prompt = a_prompt(10)

    def seeded(number: int, seed: int | None) -> GenerateRequest:
        return GenerateRequest(number, prompt, SamplingParams(max_tokens=12, seed=seed, ignore_eos=True))

    for seed in (0, 1, 2**31):
        alone = run(roomy, seeded(1, seed))[1]
        together = run(roomy, seeded(1, seed), seeded(2, seed + 1), seeded(3, None), seeded(4, None))
        assert together[1] == alone
        assert len({tuple(tokens) for tokens in together.values()}) == 4


@pytest.mark.parametrize("stated_in", ["generation_config.json", "config.json"])
def test_every_end_of_sequence_id_in_a_list_ends_a_generation(stated_in: str, tmp_path: Path) -> None:
    prompt = a_prompt(10)
    free = run(loaded(), GenerateRequest(1, prompt, greedy(20)))[1]
    first, second = free[3], free[8]
    for file in MODEL.iterdir():
        (tmp_path / file.name).symlink_to(file)
    for name in ("generation_config.json", "config.json"):
        content = json.loads((MODEL / name).read_text())
        del content["eos_token_id"]
        if name == stated_in:
            content["eos_token_id"] = [second, first]
        (tmp_path / name).unlink()
        (tmp_path / name).write_text(json.dumps(content))
    core = loaded(models_path=str(tmp_path))
    assert {first, second} <= set(core.info.eos_token_ids)
    core.add(GenerateRequest(1, prompt, greedy(20, ignore_eos=False)))
    deltas = [outcome for _ in range(20) for outcome in core.step() if isinstance(outcome, Delta)]
    assert [token.id for delta in deltas for token in delta.tokens] == free[: free.index(first) + 1]
    assert deltas[-1].finish == "stop"
    assert run(core, GenerateRequest(2, prompt, greedy(20)))[2] == free  # ignore_eos


def test_it_counts_prompts_steps_and_tokens_of_cancelled_requests_too() -> None:
    core = loaded()
    core.add(GenerateRequest(1, a_prompt(10), greedy(50)))
    for _ in range(5):
        core.step()
    core.cancel(1)
    run(core, GenerateRequest(2, a_prompt(20), greedy(3)))
    stats = core.stats()
    assert stats.prompt_tokens == 30
    assert stats.generated_tokens == 8
    assert stats.steps == 8


def test_it_serves_in_a_process_of_its_own() -> None:
    async def scenario() -> None:
        options = {"models_path": str(MODEL), "plugin_config": F32, "num_kv_blocks": 64}
        engine = await EngineClient.open(GENAI.command, options, name="tiny")
        try:
            prompts = [a_prompt(8, n) for n in range(6)]
            generations = [engine.generate(prompt, greedy(10)) for prompt in prompts]
            answers = [[t.id async for delta in g for t in delta.tokens] for g in generations]
            assert engine.info.core == "genai"
        finally:
            await engine.close()
        core = loaded()
        assert answers == [run(core, GenerateRequest(1, prompt, greedy(10)))[1] for prompt in prompts]

    asyncio.run(scenario())


@pytest.mark.slow  # it loads three times
def test_greedy_texts_go_on_token_for_token_when_their_process_is_replaced() -> None:
    async def texts(*, recycled: bool) -> list[list[int]]:
        options = {"models_path": str(MODEL), "plugin_config": F32, "num_kv_blocks": 256}
        timeouts = EngineTimeouts(recycle=0.01)
        engine = await EngineClient.open(GENAI.command, options, name="tiny", timeouts=timeouts)
        try:
            generations = [engine.generate(a_prompt(8, n), greedy(300)) for n in range(4)]
            heads = [[token.id for token in (await anext(one)).tokens] for one in generations]
            if recycled:
                engine.recycle("memory")
            tails = [[t.id async for delta in one for t in delta.tokens] for one in generations]
            assert engine.metrics()["engine_restarts_total"]["reason"].get("memory", 0) == recycled
        finally:
            await engine.close()
        return [head + tail for head, tail in zip(heads, tails, strict=True)]

    assert asyncio.run(texts(recycled=True)) == asyncio.run(texts(recycled=False))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models_path": "/no/such/model"}, "/no/such/model is no OpenVINO model folder"),
        ({"models_path": str(MODEL), "cache_sise": 1}, "cache_sise"),
        ({"models_path": str(MODEL), "num_kv_blocks": 0}, "num_kv_blocks is 0"),
        ({"models_path": str(MODEL), "num_kv_blocks": 1, "cache_size": 1}, "give one of them"),
        ({"models_path": str(MODEL), "cache_size": 1e-6}, "holds nothing"),
        ({"models_path": str(MODEL), "device": "NOSUCH"}, 'could not be loaded: Device with "NOSUCH"'),
    ],
    ids=str,
)
def test_a_load_that_cannot_succeed_says_why(options: dict[str, Any], said: str) -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=said):
            await EngineClient.open(GENAI.command, options)

    asyncio.run(scenario())
