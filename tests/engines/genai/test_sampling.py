"""What the sampling parameters of a request do to its text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray

from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import (
    BeamSearch,
    Delta,
    GenerateRequest,
    Grammar,
    RequestRefused,
    SamplingParams,
)
from tests.engines.cores import MODEL, a_prompt, circle_model, deltas, greedy, loaded, run, tokens
from tests.tokens import logprobs as logprobs_of

PROMPT = a_prompt(5)


@pytest.fixture(scope="module")
def core() -> GenaiCore:
    return loaded()


@pytest.fixture(scope="module")
def circle(tmp_path_factory: pytest.TempPathFactory) -> GenaiCore:
    return loaded(models_path=str(circle_model(tmp_path_factory.mktemp("circle"))))


def sampled(max_tokens: int, temperature: float = 2.0, min_p: float = 0.0) -> SamplingParams:
    return SamplingParams(
        max_tokens=max_tokens, temperature=temperature, min_p=min_p, seed=3, ignore_eos=True
    )


def test_the_seed_that_the_engine_chose_is_reported_and_gives_the_same_text_again(core: GenaiCore) -> None:
    def parts(seed: int | None) -> list[Delta]:
        return deltas(core, PROMPT, SamplingParams(max_tokens=12, seed=seed, ignore_eos=True))

    first = parts(None)
    seed = first[0].seed
    assert seed is not None
    assert [delta.seed for delta in first[1:]] == [None] * 11
    again = parts(seed)
    assert again[0].seed == seed
    assert [delta.tokens for delta in again] == [delta.tokens for delta in first]


def test_seeds_of_64_bits_are_reported_as_they_are_and_each_gives_its_own_text(core: GenaiCore) -> None:
    texts = []
    for seed in (2**64 - 1, 2**63, 2**32 + 1, 2**32 - 1, -2, 1):
        sampling = SamplingParams(max_tokens=12, seed=seed, ignore_eos=True)
        parts = deltas(core, PROMPT, sampling)
        assert parts[0].seed == seed
        texts.append([delta.tokens for delta in parts])
        assert [delta.tokens for delta in deltas(core, PROMPT, sampling)] == texts[-1]
    assert all(texts.count(text) == 1 for text in texts)


def test_a_text_without_chance_has_no_seed(core: GenaiCore) -> None:
    assert [delta.seed for delta in deltas(core, PROMPT, greedy(2, seed=5))] == [None, None]


@pytest.mark.parametrize("ignore_eos", [False, True])
def test_a_stop_token_id_ends_a_text_and_stays_in_it(circle: GenaiCore, ignore_eos: bool) -> None:
    sampling = greedy(50, ignore_eos=ignore_eos, stop_token_ids=(33, 25))
    parts = deltas(circle, [21], sampling)
    assert [token.id for delta in parts for token in delta.tokens] == [22, 23, 24, 25]
    assert (parts[-1].finish, parts[-1].generated) == ("stop", 4)


def test_stop_token_ids_do_not_bring_back_an_end_that_is_ignored(tmp_path: Path) -> None:
    folder = circle_model(tmp_path)
    (folder / "generation_config.json").write_text('{"eos_token_id": 23}')
    core = loaded(models_path=str(folder))
    assert tokens(core, [21], greedy(50, ignore_eos=False)) == [22, 23]
    assert tokens(core, [21], greedy(50, ignore_eos=False, stop_token_ids=(25,))) == [22, 23]
    assert tokens(core, [21], greedy(50, stop_token_ids=(25,))) == [22, 23, 24, 25]
    assert tokens(core, [21], greedy(5)) == [22, 23, 24, 25, 26]


def test_min_tokens_keep_every_end_away_until_there_are_so_many(core: GenaiCore) -> None:
    free = tokens(core, PROMPT, greedy(40))
    first, later = free[3], free[7]
    stops = (first, later)
    assert tokens(core, PROMPT, greedy(40, stop_token_ids=stops)) == free[:4]
    for ignore_eos in (True, False):
        kept = tokens(core, PROMPT, greedy(6, ignore_eos=ignore_eos, stop_token_ids=stops, min_tokens=6))
        assert len(kept) == 6
        assert not {first, later} & set(kept)
    assert tokens(core, PROMPT, greedy(40, stop_token_ids=(later,), min_tokens=5)) == free[:8]


def test_a_penalty_for_what_is_there_makes_a_text_that_goes_round_leave_its_circle(core: GenaiCore) -> None:
    free = tokens(core, PROMPT, greedy(60))
    assert len(set(free)) < 60
    for penalty in ({"frequency_penalty": 2.0}, {"presence_penalty": 2.0}, {"repetition_penalty": 1.5}):
        kept = tokens(core, PROMPT, greedy(60, **penalty))
        assert kept != free
        assert len(set(kept)) > len(set(free))
    again = tokens(core, PROMPT, greedy(60, presence_penalty=-2.0))
    assert len(set(again)) < len(set(free))


def test_min_p_leaves_only_tokens_nearly_as_likely_as_the_likeliest(core: GenaiCore) -> None:
    for min_p, reached in ((0.5, True), (0.0, False)):
        generated = tokens(core, PROMPT, sampled(20, temperature=1.0, min_p=min_p))
        all_logprobs = reference_logprobs(PROMPT, generated)
        ratios = [np.exp(row[token] - row.max()) for row, token in zip(all_logprobs, generated, strict=True)]
        assert (min(ratios) >= 0.5) == reached


def test_a_logprob_comes_with_each_token_and_is_the_models_own(core: GenaiCore) -> None:
    for sampling in (greedy(6, logprobs=True), greedy(6, logprobs=True, presence_penalty=2.0)):
        parts = deltas(core, PROMPT, sampling)
        generated = [token.id for delta in parts for token in delta.tokens]
        logprobs = [logprob for delta in parts for logprob in logprobs_of(delta.tokens)]
        assert all(len(logprobs_of(delta.tokens)) == len(delta.tokens) for delta in parts)
        reference = reference_logprobs(PROMPT, generated)
        assert logprobs == pytest.approx(
            [row[t] for row, t in zip(reference, generated, strict=True)], abs=1e-3
        )


def reference_logprobs(prompt: list[int], generated: list[int]) -> NDArray[np.float64]:
    """Of all tokens at each generated one's place, by the model run once over the whole sequence."""
    model = ov.Core().compile_model(MODEL / "openvino_model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    sequence = prompt + generated
    count = len(sequence)
    logits = (
        model.create_infer_request()
        .infer(
            {
                "input_ids": np.array([sequence]),
                "attention_mask": np.ones((1, count), np.int64),
                "position_ids": np.arange(count)[None],
                "beam_idx": np.zeros(1, np.int32),
            }
        )["logits"][0]
        .astype(np.float64)
    )
    logprobs: NDArray[np.float64] = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    return logprobs[len(prompt) - 1 : -1]


def test_without_being_asked_for_there_are_no_logprobs(core: GenaiCore) -> None:
    assert all(logprobs_of(delta.tokens) == [] for delta in deltas(core, PROMPT, greedy(3)))


def test_of_those_that_wait_lower_priorities_come_first_and_equals_in_the_order_of_their_coming() -> None:
    core = loaded(max_num_seqs=1)
    for number, priority in ((1, 0), (2, 5), (3, 0), (4, -1), (5, 5), (6, -1)):
        core.add(GenerateRequest(number, a_prompt(4, number), greedy(2), priority))
    core.cancel(6)
    order = []
    while core.stats().num_requests:
        order += [outcome.request for outcome in core.step() if getattr(outcome, "finish", None)]
    assert order == [4, 1, 3, 2, 5]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"min_tokens": -1}, "min_tokens is -1"),
        ({"min_tokens": 6}, "it must be 0 to max_tokens, which is 5"),
        ({"min_p": 1.0}, "min_p is 1.0"),
        ({"min_p": float("nan")}, "min_p is nan"),
        ({"frequency_penalty": 2.1}, "frequency_penalty is 2.1; it must be -2 to 2"),
        ({"presence_penalty": float("nan")}, "presence_penalty is nan"),
        ({"stop_token_ids": (5, 1280), "min_tokens": 3}, "stop_token_ids has 1280; ids are 0 to 1279"),
        ({"stop_token_ids": (-1,)}, "stop_token_ids has -1"),
        ({"num_assistant_tokens": 3}, "no speculative decoding"),
        ({"assistant_confidence_threshold": 0.5}, "no speculative decoding"),
        ({"max_ngram_size": 3}, "no speculative decoding"),
        ({"grammar": Grammar("regex", "a"), "ignore_eos": True}, "cannot ignore its end"),
        ({"grammar": Grammar("regex", "a"), "min_tokens": 2}, "ends when the grammar does"),
        ({"beams": BeamSearch(width=0)}, "0 beams; the engine takes 1 to 256"),
        ({"beams": BeamSearch(width=257)}, "257 beams; the engine takes 1 to 256"),
        ({"beams": BeamSearch(width=4, groups=3)}, "4 beams cannot be divided into 3 groups"),
        ({"beams": BeamSearch(width=4, groups=2, diversity_penalty=0)}, "a diversity_penalty other than 0"),
        ({"beams": BeamSearch(width=4, length_penalty=float("inf"))}, "length_penalty is inf"),
        ({"beams": BeamSearch(width=2), "repetition_penalty": 1.1}, "cannot have a repetition_penalty"),
        ({"beams": BeamSearch(width=2), "presence_penalty": 1.0}, "cannot have a presence_penalty"),
        ({"beams": BeamSearch(width=2), "min_tokens": 1}, "cannot have a min_tokens"),
        ({"beams": BeamSearch(width=2), "grammar": Grammar("regex", "a")}, "cannot have a grammar"),
        ({"beams": BeamSearch(width=200)}, "200 beams of that may take 200 blocks"),
    ],
    ids=str,
)
def test_what_genai_would_not_do_is_refused(core: GenaiCore, changes: dict[str, object], reason: str) -> None:
    sampling = greedy(5, **{"ignore_eos": False, **changes})
    with pytest.raises(RequestRefused, match=reason):
        core.add(GenerateRequest(1, PROMPT, sampling))
    assert run(core, GenerateRequest(2, [5], greedy(1)))[2]


GOES_ON = [
    greedy(180, logprobs=True),
    greedy(180, repetition_penalty=1.5),
    greedy(180, min_tokens=180, stop_token_ids=tuple(range(10, 40))),
]
CANNOT_GO_ON = [
    greedy(180, frequency_penalty=1.0),
    greedy(180, presence_penalty=1.0),
    greedy(180, ignore_eos=False, grammar=Grammar("regex", "[a-z ]{2000}")),
]


@pytest.mark.parametrize("sampling", GOES_ON, ids=["logprobs", "repetition penalty", "min_tokens"])
@pytest.mark.slow
def test_a_request_that_genai_drops_halfway_goes_on_with_what_it_was_asked(sampling: SamplingParams) -> None:
    alone = deltas(small_core(), a_prompt(60, 2), sampling)
    core, begun = halfway(sampling)
    assert begun
    core.cancel(1)
    parts = [*begun]
    while parts[-1].finish is None:
        parts += [outcome for outcome in core.step() if isinstance(outcome, Delta)]
    assert [t.id for delta in parts for t in delta.tokens] == [t.id for delta in alone for t in delta.tokens]
    logprobs = [logprob for delta in parts for logprob in logprobs_of(delta.tokens)]
    assert logprobs == pytest.approx([lp for delta in alone for lp in logprobs_of(delta.tokens)], abs=1e-3)


@pytest.mark.parametrize("sampling", CANNOT_GO_ON, ids=["frequency penalty", "presence penalty", "grammar"])
def test_one_whose_state_would_be_lost_by_that_is_told_to_come_again(sampling: SamplingParams) -> None:
    core, begun = halfway(sampling)
    assert begun
    core.cancel(1)
    outcomes = [outcome for _ in range(4) for outcome in core.step()]
    assert [(type(outcome), getattr(outcome, "transient", None)) for outcome in outcomes] == [(Refused, True)]
    assert core.stats().num_requests == 0


def small_core() -> GenaiCore:
    return loaded(num_kv_blocks=8, enable_prefix_caching=False)


def halfway(sampling: SamplingParams) -> tuple[GenaiCore, list[Delta]]:
    """A core whose request 1 has the cache that request 2 needs to go on; with the deltas of 2 so far."""
    core = small_core()
    core.add(GenerateRequest(1, a_prompt(60, 1), greedy(190)))
    core.add(GenerateRequest(2, a_prompt(60, 2), sampling))
    outcomes = [outcome for _ in range(100) for outcome in core.step()]
    return core, [outcome for outcome in outcomes if isinstance(outcome, Delta) and outcome.request == 2]
