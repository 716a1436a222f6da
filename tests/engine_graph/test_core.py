"""The core `graph`: a real model, in f32, beside the core on openvino-genai."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import structs

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.messages import Progress, Reading, Refused
from ovpipe.engines.protocol import (
    BeamSearch,
    Delta,
    GenerateRequest,
    Grammar,
    PromptToken,
    RequestRefused,
    SamplingParams,
    StepTrace,
    Token,
)
from ovpipe.graph.files import shipped_graphs
from tests.engines.cores import (
    END,
    MODEL,
    a_prompt,
    circle_model,
    deltas,
    finish,
    greedy,
    ignore,
    run,
    tokens,
)
from tests.engines.cores import loaded as loaded_genai
from tests.engines.crowds import in_a_crowd
from tests.modelling.stateful import compiled, logits


def loaded(**options: Any) -> GraphCore:
    return load_graph_core({"models_path": str(MODEL), "exact": True, "num_kv_blocks": 64, **options}, ignore)


@pytest.fixture(scope="module")
def core() -> GraphCore:
    return loaded()


@pytest.fixture(scope="module")
def genai() -> GenaiCore:
    return loaded_genai(plugin_config={}, exact=True)


@pytest.mark.parametrize("length", [1, 31, 32, 33, 300])
def test_greedy_tokens_are_those_of_genai(core: GraphCore, genai: GenaiCore, length: int) -> None:
    prompt = a_prompt(length, seed=length)
    assert tokens(core, prompt, greedy(24)) == tokens(genai, prompt, greedy(24))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_in_a_crowd_with_comings_and_goings_each_text_is_that_of_genai_alone(
    core: GraphCore, genai: GenaiCore, seed: int
) -> None:
    _crowd(core, genai, seed, 1000 * (seed + 1))


def test_in_a_cache_that_is_too_small_for_all_each_text_is_the_same(genai: GenaiCore) -> None:
    small = loaded(num_kv_blocks=3, max_num_batched_tokens=48)
    _crowd(small, genai, seed=9, first=1, length=28)
    assert small.stats().preemptions > 0


def _crowd(core: GraphCore, genai: GenaiCore, seed: int, first: int, length: int = 60) -> None:
    """Requests that come at random steps, some of which are cancelled."""
    chance = random.Random(seed)
    asked = [
        GenerateRequest(
            first + n,
            a_prompt(chance.randint(1, length), seed=first + n),
            greedy(chance.randint(1, 30), num_assistant_tokens=chance.choice([None, 1, 6])),
        )
        for n in range(12)
    ]
    gone = {each.id for each in chance.sample(asked, 2)}
    texts = in_a_crowd(core, asked, gone, chance)
    for each in asked:
        whole = tokens(genai, each.prompt, structs.replace(each.sampling, num_assistant_tokens=None))
        assert texts[each.id] == (whole[: len(texts[each.id])] if each.id in gone else whole)


def test_a_seed_gives_one_text_alone_in_a_crowd_and_after_a_preemption(core: GraphCore) -> None:
    asked = GenerateRequest(
        50, a_prompt(20), SamplingParams(max_tokens=40, temperature=1.0, top_p=0.95, seed=11, ignore_eos=True)
    )
    alone = run(core, asked)[50]
    crowd = [
        GenerateRequest(60 + n, a_prompt(30, seed=n), SamplingParams(max_tokens=50, seed=n, ignore_eos=True))
        for n in range(6)
    ]
    assert run(core, *crowd, asked)[50] == alone
    small = loaded(num_kv_blocks=6)
    assert run(small, *crowd, asked)[50] == alone
    assert small.stats().preemptions > 0


@pytest.mark.parametrize("length", [5, 40, 64, 65])
@pytest.mark.slow
def test_choices_share_their_prompt_s_blocks_and_each_has_the_text_that_it_has_alone(length: int) -> None:
    sampling = SamplingParams(max_tokens=40, temperature=1.0, ignore_eos=True)
    asked = [
        GenerateRequest(n, a_prompt(length, seed=length), msgspec.structs.replace(sampling, seed=n))
        for n in range(1, 5)
    ]
    own, apart = loaded(), loaded(enable_prefix_caching=False)
    together = run(own, *asked)
    assert together == {one.id: run(apart, one)[one.id] for one in asked}
    assert len({tuple(text) for text in together.values()}) == 4
    assert own.stats().prefix_cache_hits == 3 * (length - 1)


def test_log_probabilities_are_those_of_the_model(core: GraphCore) -> None:
    prompt = a_prompt(40, seed=4)
    found = [token for delta in deltas(core, prompt, greedy(5, logprobs=True)) for token in delta.tokens]
    text = prompt + [token.id for token in found]
    rows = logits(compiled(_model()), text)[len(prompt) - 1 : -1].astype(np.float64)
    reference = rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))
    for place, token in enumerate(found):
        assert token.logprob == pytest.approx(reference[place, token.id], abs=1e-3)


def prompt_tokens(core: GraphCore, *asked: GenerateRequest) -> dict[int, list[PromptToken]]:
    """What comes of the prompts of some requests, all in one batch."""
    found: dict[int, list[PromptToken]] = {each.id: [] for each in asked}
    for each in asked:
        core.add(each)
    left = set(found)
    while left:
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            found[outcome.request] += outcome.prompt_logprobs
            if outcome.finish is not None:
                left.remove(outcome.request)
    return found


def test_a_prompt_s_log_probabilities_are_those_of_the_model_alone_in_a_crowd_and_after_preemptions(
    core: GraphCore,
) -> None:
    lengths = [1, 2, 64, 65, 130, 40]
    asked = [
        GenerateRequest(100 + n, a_prompt(length, seed=7), greedy(12, prompt_logprobs=2))
        for n, length in enumerate(lengths)
    ]  # all begin alike, so that there are prefixes to find
    crowd = [GenerateRequest(200 + n, a_prompt(30, seed=n), greedy(40)) for n in range(6)]
    model = compiled(_model())
    small = loaded(num_kv_blocks=8, max_num_batched_tokens=48)
    for found in (
        {each.id: prompt_tokens(core, each)[each.id] for each in asked},
        prompt_tokens(core, *crowd[:3], *asked, *crowd[3:]),
        prompt_tokens(small, *crowd[:3], *asked, *crowd[3:]),
    ):
        for each in asked:
            _check_prompt(found[each.id], each.prompt, logits(model, each.prompt))
    assert small.stats().preemptions > 0


def _check_prompt(found: list[PromptToken], prompt: list[int], rows: Any) -> None:
    rows = rows.astype(np.float64)
    reference = rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))
    assert [token.id for token in found] == prompt
    assert found[0] == PromptToken(prompt[0])
    for place, token in enumerate(found[1:]):
        row = reference[place]
        assert token.logprob == pytest.approx(row[token.id], abs=1e-3)
        assert token.rank == pytest.approx(1 + (row > row[token.id]).sum(), abs=2)
        likeliest = np.sort(row)[::-1][:2]
        assert [likely.logprob for likely in token.top_logprobs] == pytest.approx(likeliest, abs=1e-3)


def test_a_prompt_that_is_scored_reads_what_stands_in_the_cache_and_is_found_in_it_afterwards(
    core: GraphCore,
) -> None:
    prompt = a_prompt(100, seed=55)
    run(core, GenerateRequest(1, prompt, greedy(2)))
    scored = deltas(core, prompt, greedy(2, prompt_logprobs=0))
    assert sum(len(delta.prompt_logprobs) for delta in scored) == 100
    assert scored[-1].cached_tokens == 0
    assert deltas(core, prompt, greedy(2))[-1].cached_tokens == 96
    assert [token.id for delta in scored for token in delta.tokens] == tokens(core, prompt, greedy(2))


LIMITS: list[dict[str, Any]] = [
    {},
    {"repetition_penalty": 1.3, "frequency_penalty": 0.5, "presence_penalty": 0.4},
    {
        "min_tokens": 20,
        "ignore_eos": False,
        "bad_words": ((700,), (12, 13)),
        "logit_bias": {30: 3.0, 31: 2.5},
    },
    {"temperature": 0.8, "top_p": 0.9, "top_k": 40, "seed": 3},
    {"temperature": 1.2, "min_p": 0.02, "seed": 4, "repetition_penalty": 1.1},
    {"logprobs": True, "top_logprobs": 2},
]


@pytest.mark.slow
def test_with_drafts_each_text_is_the_same_alone_in_a_crowd_and_after_preemptions(core: GraphCore) -> None:
    """What of a text's own tokens counts, penalties and log-probabilities say it of each accepted one."""
    repeated = a_prompt(12, seed=3) * 3
    asked = [
        GenerateRequest(300 + n, [*repeated, n], greedy(30, **limits)) for n, limits in enumerate(LIMITS)
    ]
    plain = {each.id: known_tokens(core, each)[each.id] for each in asked}
    with_drafts = [
        GenerateRequest(
            each.id, each.prompt, structs.replace(each.sampling, num_assistant_tokens=4, max_ngram_size=2)
        )
        for each in asked
    ]
    before = core.stats()
    alone = {each.id: known_tokens(core, each)[each.id] for each in with_drafts}
    after = core.stats()
    assert after.drafted_tokens > before.drafted_tokens
    assert after.accepted_tokens - before.accepted_tokens <= after.drafted_tokens - before.drafted_tokens
    small = loaded(num_kv_blocks=8, max_num_batched_tokens=48)
    for found in (alone, known_tokens(core, *with_drafts), known_tokens(small, *with_drafts)):
        for each in asked:
            assert [token.id for token in found[each.id]] == [token.id for token in plain[each.id]]
            for ours, theirs in zip(found[each.id], plain[each.id], strict=True):
                assert ours.logprob == (theirs.logprob and pytest.approx(theirs.logprob, abs=1e-3))
                assert [likely.id for likely in ours.top_logprobs] == [one.id for one in theirs.top_logprobs]
    assert small.stats().preemptions > 0


def known_tokens(core: GraphCore, *asked: GenerateRequest) -> dict[int, list[Token]]:
    """The tokens of some requests, all in one batch, with what is known of them."""
    found: dict[int, list[Token]] = {each.id: [] for each in asked}
    for each in asked:
        core.add(each)
    left = set(found)
    while left:
        for outcome in core.step():
            assert isinstance(outcome, Delta), outcome
            found[outcome.request] += outcome.tokens
            assert outcome.generated == len(found[outcome.request])
            if outcome.finish is not None:
                left.remove(outcome.request)
    return found


def test_a_text_that_repeats_itself_takes_fewer_steps_with_prompt_lookup(tmp_path: Path) -> None:
    circle = circle_model(tmp_path / "circle")
    core = loaded(models_path=str(circle))
    steps = {}
    for name, wishes in {
        "plain": {},
        "few": {"num_assistant_tokens": 2},
        "many": {"max_ngram_size": 1},
    }.items():
        before = core.stats().steps
        assert tokens(core, [20], greedy(80, **wishes)) == [20 + n % 16 for n in range(1, 81)]
        steps[name] = core.stats().steps - before
    assert steps["plain"] == 80
    assert steps["many"] < steps["few"] < 48, "sixteen for the first round, then three tokens a step"
    assert steps["many"] <= 16 + 64 // 6 + 2
    always = loaded(models_path=str(circle), prompt_lookup=True, num_assistant_tokens=8)
    tokens(always, [20], greedy(80))
    assert always.stats().steps < 30
    assert always.stats().accepted_tokens == 80 - always.stats().steps


def _model() -> Any:
    import openvino as ov

    return ov.Core().read_model(MODEL / "openvino_model.xml")


def test_the_end_of_sequence_ends_a_text_and_min_tokens_puts_it_off(tmp_path: Path) -> None:
    circle = loaded(models_path=str(circle_model(tmp_path / "circle")))
    counts = run(circle, GenerateRequest(1, [20], greedy(20, stop_token_ids=(25,))))[1]
    assert counts == [21, 22, 23, 24, 25]
    later = run(circle, GenerateRequest(2, [20], greedy(20, stop_token_ids=(25,), min_tokens=7)))[2]
    assert 25 not in later[:7]
    assert END not in later[:7]


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"temperature": float("inf")}, "temperature"),
        ({"beams": BeamSearch(width=257)}, "257 beams; the engine takes 1 to 256"),
        ({"beams": BeamSearch(width=3, groups=2)}, "3 beams cannot be divided into 2 groups"),
        ({"beams": BeamSearch(width=64), "max_tokens": 60}, "may take 128 blocks"),
        ({"grammar": Grammar("regex", "a"), "ignore_eos": True}, "cannot ignore its end"),
        ({"grammar": Grammar("regex", "a"), "min_tokens": 1}, "ends when the grammar does"),
        ({"num_assistant_tokens": 0}, "num_assistant_tokens is 0; at least 1 is needed"),
        ({"assistant_confidence_threshold": 0.5}, "for engines with a draft model"),
        ({"max_tokens": 4096}, "context holds 4096"),
    ],
)
def test_what_it_cannot_do_is_refused_before_it_is_in(
    core: GraphCore, sampling: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestRefused, match=said):
        core.add(GenerateRequest(900, [1, 2], SamplingParams(**{"max_tokens": 5, **sampling})))
    assert core.stats().num_requests == 0


def test_an_id_is_one_request_s(core: GraphCore) -> None:
    core.add(GenerateRequest(901, [1, 2], greedy(3)))
    for _ in range(2):
        with pytest.raises(RequestRefused, match="request 901 is in the engine already"):
            core.add(GenerateRequest(901, [1], greedy(1)))
        core.step()
    finish(core, [901])


def test_it_counts_what_it_does_and_forgets_its_warm_up() -> None:
    said: list[Progress | Reading] = []
    own = load_graph_core({"models_path": str(MODEL), "exact": True, "num_kv_blocks": 16}, said.append)
    assert own.stats().steps == own.stats().generated_tokens == 0
    assert set(own.stats().node_seconds.values()) == {0.0}
    assert not any(isinstance(one, Reading) for one in said)
    run(own, GenerateRequest(1, a_prompt(10), greedy(4)), GenerateRequest(2, a_prompt(5), greedy(4)))
    stats = own.stats()
    assert (stats.generated_tokens, stats.prompt_tokens, stats.max_running) == (8, 15, 2)
    assert [one.request for one in said if isinstance(one, Reading)] == [1, 2]


def test_it_says_how_large_a_step_was_and_how_long_each_node_took(core: GraphCore) -> None:
    before = core.stats().node_seconds
    core.add(GenerateRequest(80, a_prompt(300), greedy(2)))
    core.add(GenerateRequest(81, a_prompt(20), greedy(1)))
    sizes = []
    for _ in range(4):
        core.step()
        sizes.append((core.stats().batch_rows, core.stats().batch_tokens))
    assert sizes == [(1, 256), (2, 64), (1, 1), (0, 0)], "also the rows of texts that end in the step"
    after = core.stats().node_seconds
    assert list(after)[:2] == ["scheduler", "model"]
    assert {"penalties", "sampler", "deliver"} < set(after)
    assert all(after[node] > before[node] for node in after)


def test_the_steps_of_a_traced_request_are_measured_and_no_others(core: GraphCore) -> None:
    def traces(*requests: GenerateRequest, steps: int) -> list[StepTrace | None]:
        for request in requests:
            core.add(request)
        found = []
        for _ in range(steps):
            core.step()
            found.append(core.stats().trace)
        return found

    long = GenerateRequest(90, a_prompt(300, seed=90), greedy(3), traced=True)
    beside = GenerateRequest(91, a_prompt(5, seed=91), greedy(7))
    found = traces(long, beside, steps=7)
    assert [trace is not None for trace in found] == [True] * 4 + [False] * 3
    seen = [trace for trace in found if trace is not None]
    assert [(trace.rows, trace.tokens) for trace in seen] == [(1, 256), (2, 49), (2, 2), (2, 2)]
    assert {number for trace in seen for number in trace.requests} == {90}
    for trace in seen:
        assert [span.node for span in trace.spans][:2] == ["scheduler", "model"]
        assert "sampler" in {span.node for span in trace.spans}
        times = [
            trace.began,
            *(time for span in trace.spans for time in (span.began, span.ended)),
            trace.ended,
        ]
        assert times == sorted(times)
    cancelled = GenerateRequest(92, a_prompt(5, seed=92), greedy(50), traced=True)
    assert all(traces(cancelled, steps=2))
    core.cancel(92)
    assert traces(steps=2) == [None, None]


def test_what_is_known_of_it_says_how_it_was_loaded(core: GraphCore) -> None:
    other = loaded(max_num_seqs=3)
    assert (core.info.core, core.info.num_kv_blocks, core.info.block_size) == ("graph", 64, 32)
    assert core.info.fingerprint != other.info.fingerprint
    assert core.info.fingerprint == loaded().info.fingerprint
    assert "structured_outputs" in core.info.capabilities


def test_a_graph_of_the_user_s_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    text = shipped_graphs()["engine"].read_text("utf-8")
    before, _, rest = text.partition("  min_tokens:\n")
    _, _, after = rest.partition("  sampler:\n")
    (tmp_path / "mine.yaml").write_text(
        f"{before}  sampler:\n{after}".replace("logits: processed}", "logits: penalised}")
    )
    circle = str(circle_model(tmp_path / "circle"))
    asked = greedy(20, stop_token_ids=(22,), min_tokens=7)
    own = loaded(models_path=circle, graph=str(tmp_path / "mine.yaml"))
    with pytest.raises(RequestRefused, match="has no min_tokens"):
        own.add(GenerateRequest(1, [20], asked))
    assert run(own, GenerateRequest(1, [20], structs.replace(asked, min_tokens=0)))[1] == [21, 22]
    shipped = loaded(models_path=circle)
    assert len(run(shipped, GenerateRequest(1, [20], asked))[1]) > 7
    assert own.info.fingerprint != shipped.info.fingerprint


def test_a_request_that_forbids_everything_fails_alone(core: GraphCore) -> None:
    alone = tokens(core, a_prompt(12), greedy(6))
    core.add(GenerateRequest(70, a_prompt(9), greedy(6, allowed_token_ids=(40,), bad_words=((40,),))))
    core.add(GenerateRequest(71, a_prompt(12), greedy(6)))
    seen: list[int] = []
    refused: list[str] = []
    while len(seen) < 6:
        for outcome in core.step():
            if isinstance(outcome, Refused):
                refused.append(outcome.message)
                assert outcome.request == 70
            else:
                seen += [token.id for token in outcome.tokens]
    assert seen == alone
    assert (len(refused), core.stats().kv_cache_usage) == (1, 0.0)


@pytest.mark.parametrize(
    ("sampling", "said"),
    [
        ({"logit_bias": {1280: 1.0}}, "logit_bias has 1280; ids are 0 to 1279"),
        ({"allowed_token_ids": ()}, "allowed_token_ids is empty"),
        ({"allowed_token_ids": (-1,)}, "allowed_token_ids has -1"),
        ({"bad_words": ((5, 99999),)}, "bad_words has 99999"),
    ],
)
def test_ids_beyond_the_vocabulary_are_refused(core: GraphCore, sampling: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestRefused, match=said):
        core.add(GenerateRequest(902, [1], greedy(1, **sampling)))
