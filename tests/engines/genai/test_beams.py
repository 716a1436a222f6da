"""Beam search in the genai core."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Literal

import pytest

from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import BeamSearch, Delta, GenerateRequest, RequestRefused, SamplingParams
from tests.engines.cores import (
    MODEL,
    a_prompt,
    deltas,
    finish,
    greedy,
    loaded,
    run,
    tokens,
    usage_when_settled,
)
from tests.tokens import ids, logprobs

PROMPT = a_prompt(5)


@pytest.fixture(scope="module")
def core() -> GenaiCore:
    return loaded(num_kv_blocks=256)


def search(width: int, max_tokens: int = 8, *, ignore_eos: bool = True, **others: Any) -> SamplingParams:
    sampling = {name: others.pop(name) for name in ("logprobs", "stop_token_ids") if name in others}
    return greedy(max_tokens, ignore_eos=ignore_eos, beams=BeamSearch(width=width, **others), **sampling)


def found(core: GenaiCore, sampling: SamplingParams, prompt: list[int] = PROMPT) -> Delta:
    (delta,) = deltas(core, prompt, sampling)
    return delta


def test_all_beams_come_in_one_delta_at_the_end_the_best_first(core: GenaiCore) -> None:
    delta = found(core, search(4, logprobs=True))
    assert (delta.tokens, delta.finish, delta.generated) == ([], "length", 32)
    assert [len(beam.tokens) for beam in delta.beams] == [8] * 4
    assert len({tuple(beam.tokens) for beam in delta.beams}) == 4
    scores = [beam.score for beam in delta.beams]
    assert scores == sorted(scores, reverse=True)
    for beam in delta.beams:
        assert beam.score == pytest.approx(sum(logprobs(beam.tokens)) / 8, abs=1e-4)
        assert beam.finish == "length"


def test_a_search_finds_a_likelier_text_than_greed_and_a_search_of_one_is_greed(core: GenaiCore) -> None:
    alone = found(core, search(1, logprobs=True)).beams[0]
    assert ids(alone.tokens) == tokens(core, PROMPT, greedy(8))
    assert alone.score == pytest.approx(sum(logprobs(alone.tokens)) / 8)
    assert found(core, search(6)).beams[0].score > alone.score


def test_beams_have_no_logprobs_unless_they_are_asked_for(core: GenaiCore) -> None:
    for width in (1, 3):
        assert [logprobs(beam.tokens) for beam in found(core, search(width)).beams] == [[]] * width


def test_a_beam_that_ends_keeps_its_end_and_others_go_on(core: GenaiCore) -> None:
    free = found(core, search(3)).beams
    end = free[-1].tokens[4].id
    beams = found(core, search(3, stop_token_ids=(end,), early_stopping="never")).beams
    ended = [beam for beam in beams if beam.finish == "stop"]
    assert ended
    for beam in beams:
        if beam.finish == "stop":
            assert ids(beam.tokens).index(end) == len(beam.tokens) - 1
        else:
            assert len(beam.tokens) == 8
            assert end not in ids(beam.tokens)


def test_early_stopping_ends_the_search_with_the_first_beams_that_are_whole(core: GenaiCore) -> None:
    def steps(early_stopping: bool | Literal["never"]) -> int:
        before = core.stats().steps
        ends = tuple(range(10, 1000, 4))  # every fourth token ends a text
        found(core, search(3, 60, stop_token_ids=ends, early_stopping=early_stopping, length_penalty=3.0))
        return core.stats().steps - before

    assert steps(True) < steps(False) < steps("never")


def test_the_models_own_end_is_ignored_when_the_request_says_so(core: GenaiCore, tmp_path: Path) -> None:
    end = found(core, search(3)).beams[0].tokens[2].id
    for file in MODEL.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "generation_config.json").unlink()
    (tmp_path / "generation_config.json").write_text(f'{{"eos_token_id": {end}}}')
    other = loaded(models_path=str(tmp_path))
    assert "stop" in [beam.finish for beam in found(other, search(3, ignore_eos=False)).beams]
    ignoring = found(other, search(3)).beams
    assert [beam.tokens for beam in ignoring] == [beam.tokens for beam in found(core, search(3)).beams]


def test_a_length_penalty_changes_which_text_wins(core: GenaiCore) -> None:
    ends = (found(core, search(3)).beams[0].tokens[3].id,)
    short = found(core, search(3, stop_token_ids=ends, length_penalty=-5.0, early_stopping="never")).beams[0]
    long = found(core, search(3, stop_token_ids=ends, length_penalty=5.0, early_stopping="never")).beams[0]
    assert len(short.tokens) < len(long.tokens)


def test_groups_of_beams_are_kept_apart(core: GenaiCore) -> None:
    together = {beam.tokens[0] for beam in found(core, search(4)).beams}
    apart = {beam.tokens[0] for beam in found(core, search(4, groups=4, diversity_penalty=10.0)).beams}
    assert len(apart) == 4 > len(together)


def test_a_search_is_the_same_beside_others_and_among_searches(core: GenaiCore) -> None:
    alone = found(core, search(3)).beams
    for number in range(1, 7):
        sampling = search(3) if number % 2 else greedy(20)
        core.add(GenerateRequest(number, PROMPT if number % 2 else a_prompt(9, number), sampling))
    searches = []
    while core.stats().num_requests:
        searches += [o.beams for o in core.step() if isinstance(o, Delta) and o.beams]
    assert [[beam.tokens for beam in beams] for beams in searches] == [[b.tokens for b in alone]] * 3


def test_a_cancelled_search_frees_the_cache() -> None:
    core = loaded()
    core.add(GenerateRequest(1, a_prompt(50), search(4, 200)))
    for _ in range(40):
        assert core.step() == []
    assert core.stats().kv_cache_usage > 2 / 64
    core.cancel(1)
    assert usage_when_settled(core) == 0
    assert core.stats().num_requests == 0


def test_beams_take_places_of_their_own_and_wait_for_all_of_them() -> None:
    core = loaded(max_num_seqs=4)
    for number in (1, 2):
        core.add(GenerateRequest(number, a_prompt(5, number), search(3, 4)))
    core.add(GenerateRequest(3, a_prompt(5, 3), greedy(1)))  # there would be room, but it came later
    ended = [outcome.request for _ in range(20) for outcome in core.step()]
    assert ended == [1, 3, 2]
    assert core.stats().num_requests == 0
    with pytest.raises(RequestRefused, match="a beam search has 5 beams; the engine takes 1 to 4"):
        core.add(GenerateRequest(4, [5], search(5)))


def test_the_cache_that_a_search_is_said_to_need_is_enough_for_beams_that_share_nothing() -> None:
    chance = random.Random(1)
    for _ in range(2):
        width, prompt, completion = chance.choice([2, 3, 6]), chance.randint(1, 120), chance.randint(20, 100)
        sampling = search(width, completion, groups=width, diversity_penalty=5.0)
        shared = prompt // 32
        blocks = shared + width * (-(-(prompt + completion) // 32) - shared)
        core = loaded(num_kv_blocks=blocks, enable_prefix_caching=False)
        assert len(found(core, sampling, a_prompt(prompt)).beams) == width
        if blocks > -(-(prompt + completion) // 32):
            smaller = loaded(num_kv_blocks=blocks - 1)
            with pytest.raises(RequestRefused, match=f"may take {blocks} blocks of KV cache"):
                smaller.add(GenerateRequest(1, a_prompt(prompt), sampling))


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.slow
def test_a_search_that_genai_drops_halfway_begins_anew(width: int) -> None:
    core = loaded(num_kv_blocks=8, max_num_batched_tokens=64, enable_prefix_caching=False)
    sampling = search(width, 40)
    alone = found(core, sampling, a_prompt(100, 2)).beams
    core.add(GenerateRequest(1, a_prompt(60, 1), greedy(150)))
    for _ in range(30):
        core.step()
    core.add(GenerateRequest(2, a_prompt(100, 2), sampling))
    for _ in range(60):
        assert all(isinstance(outcome, Delta) and outcome.request == 1 for outcome in core.step())
    core.cancel(1)
    before = core.stats().steps
    outcomes: list[Delta | Refused] = []
    while core.stats().num_requests:
        outcomes += core.step()
    (delta,) = outcomes
    assert isinstance(delta, Delta)
    assert [beam.tokens for beam in delta.beams] == [beam.tokens for beam in alone]
    assert core.stats().steps - before >= sampling.max_tokens  # from the beginning


@pytest.mark.slow
def test_many_searches_in_too_small_a_cache_are_all_found() -> None:
    core = loaded(num_kv_blocks=24)
    requests = [GenerateRequest(n, a_prompt(20 + 7 * n, n), search(3, 60)) for n in range(8)]
    reference = loaded(num_kv_blocks=24)
    alone = {r.id: [b.tokens for b in found(reference, r.sampling, r.prompt).beams] for r in requests}
    for request in requests:
        core.add(request)
    together = {}
    while core.stats().num_requests:
        for outcome in core.step():
            assert isinstance(outcome, Delta)
            together[outcome.request] = [beam.tokens for beam in outcome.beams]
    assert together == alone


def test_with_cache_eviction_there_is_no_beam_search() -> None:
    core = loaded(cache_eviction_config={"start_size": 32, "recent_size": 64, "max_cache_size": 128})
    with pytest.raises(RequestRefused, match="as it was loaded, has no use_beam_search"):
        core.add(GenerateRequest(1, PROMPT, search(2)))
    assert run(core, GenerateRequest(2, PROMPT, greedy(1)))[2]
    assert finish(core, []) == {}
