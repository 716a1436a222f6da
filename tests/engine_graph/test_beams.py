"""Beam searches of the core `graph` on a real model, in f32, beside genai's."""

from __future__ import annotations

from typing import Any

import openvino as ov
import pytest

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.protocol import BeamSearch, Delta, GenerateRequest
from tests.calculators.engine.beam_reference import search
from tests.engines.cores import END, MODEL, a_prompt, deltas, greedy, ignore
from tests.engines.cores import loaded as loaded_genai
from tests.modelling.stateful import compiled, logits
from tests.tokens import ids


def loaded(num_kv_blocks: int = 64) -> GraphCore:
    options = {"models_path": str(MODEL), "exact": True, "num_kv_blocks": num_kv_blocks}
    return load_graph_core(options, ignore)


@pytest.fixture(scope="module")
def core() -> GraphCore:
    return loaded()


@pytest.fixture(scope="module")
def genai() -> GenaiCore:
    return loaded_genai(plugin_config={}, exact=True)


SEARCHES: list[dict[str, Any]] = [
    {"width": 1},
    {"width": 4},
    {"width": 6, "groups": 3, "diversity_penalty": 0.5},
    {"width": 4, "early_stopping": True},
    {"width": 4, "early_stopping": "never", "length_penalty": 1.5},
    {"width": 3, "early_stopping": "never", "length_penalty": -2.0},
]
ENDS = tuple(range(10, 1000, 9))
"""Every ninth token ends a text, so that searches have something to weigh."""


# With ends and early_stopping false genai compares as transformers did a step before, so it may search on.
@pytest.mark.parametrize(
    ("given", "ends"),
    [
        *((given, ()) for given in SEARCHES),
        *((given, ENDS) for given in SEARCHES if "early_stopping" in given),
    ],
    ids=str,
)
@pytest.mark.slow
def test_a_beam_search_finds_what_genai_finds(
    core: GraphCore, genai: GenaiCore, given: dict[str, Any], ends: tuple[int, ...]
) -> None:
    for seed in range(3):
        sampling = greedy(16, beams=BeamSearch(**given), stop_token_ids=ends, logprobs=True)
        prompt = a_prompt(20 + 15 * seed, seed=seed)
        (ours,), (theirs,) = (deltas(engine, prompt, sampling) for engine in (core, genai))
        assert [ids(beam.tokens) for beam in ours.beams] == [ids(beam.tokens) for beam in theirs.beams]
        assert [beam.finish for beam in ours.beams] == [beam.finish for beam in theirs.beams]
        scores = [beam.score for beam in theirs.beams]
        assert [beam.score for beam in ours.beams] == pytest.approx(scores, rel=1e-5, abs=1e-3)
        assert (ours.generated, ours.finish, ours.tokens) == (theirs.generated, theirs.finish, [])
    assert core.stats().kv_cache_usage == 0


@pytest.mark.parametrize("early_stopping", [False, True, "never"])
def test_a_beam_search_over_a_real_model_finds_what_the_reference_finds(
    core: GraphCore, early_stopping: Any
) -> None:
    model = compiled(ov.Core().read_model(MODEL / "openvino_model.xml"))
    beams = BeamSearch(width=4, groups=2, diversity_penalty=0.7, early_stopping=early_stopping)
    asked = GenerateRequest(
        31, a_prompt(33), greedy(6, beams=beams, stop_token_ids=ENDS, presence_penalty=1.0)
    )
    found = [beam for delta in deltas(core, asked.prompt, asked.sampling) for beam in delta.beams]
    reference = search(asked, lambda text: logits(model, [*text])[-1], {END})
    assert [(ids(beam.tokens), beam.finish) for beam in found] == [
        (text.tokens, text.finish) for text in reference
    ]
    assert [beam.score for beam in found] == pytest.approx([text.score for text in reference], abs=1e-3)


def test_beams_in_a_crowd_and_in_a_small_cache_are_those_found_alone(core: GraphCore) -> None:
    sampling = greedy(30, beams=BeamSearch(width=3), ignore_eos=True)
    asked = [GenerateRequest(n, a_prompt(20 + 7 * n, seed=n), sampling) for n in range(5)]
    alone = {one.id: deltas(core, one.prompt, one.sampling)[0].beams for one in asked}
    small = loaded(num_kv_blocks=10)
    for one in asked:
        small.add(one)
    together = {}
    for _ in range(2_000):
        for outcome in small.step():
            assert isinstance(outcome, Delta)
            together[outcome.request] = outcome.beams
        if small.stats().num_requests == 0:
            break
    assert {number: [ids(beam.tokens) for beam in beams] for number, beams in together.items()} == {
        number: [ids(beam.tokens) for beam in beams] for number, beams in alone.items()
    }
    assert (small.stats().kv_cache_usage, small.stats().generated_tokens) == (0, 5 * 3 * 30)
