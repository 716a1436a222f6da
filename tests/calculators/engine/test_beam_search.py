"""Beam searches in the graph of a step: they find what a plain reference finds, and share blocks."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.engines.admission import blocks_needed
from ovpipe.engines.protocol import Beam, BeamSearch, GenerateRequest
from tests.calculators.engine.beam_reference import Text, search
from tests.calculators.engine.remembering_model import END, varied_logits
from tests.calculators.engine.stepped_engine import BLOCK, engine, request

ENDS = tuple(range(0, 50, 3))


def searching(number: int, *, length: int = 6, max_tokens: int = 8, **given: Any) -> GenerateRequest:
    """A request for a search. What a BeamSearch does not have is of the sampling."""
    own = BeamSearch.__struct_fields__
    beams = BeamSearch(**{"width": 3, **{name: value for name, value in given.items() if name in own}})
    others = {name: value for name, value in given.items() if name not in own}
    asked = request(number, length, max_tokens)
    return msgspec.structs.replace(
        asked, sampling=msgspec.structs.replace(asked.sampling, beams=beams, **others)
    )


def texts(beams: list[Beam]) -> list[Text]:
    return [
        Text([token.id for token in beam.tokens], pytest.approx(beam.score, abs=1e-4), beam.finish)
        for beam in beams
    ]


def reference(asked: GenerateRequest) -> list[Text]:
    return search(asked, varied_logits, {END})


def found_alone(asked: GenerateRequest) -> list[Text]:
    with engine(logits_of=varied_logits) as one:
        one.step(asked)
        one.finish()
        assert one.blocks.free == 64
        return texts(one.beams[asked.id])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"width": 1},
        {"width": 6, "groups": 3, "diversity_penalty": 1.5},
        {"width": 4, "groups": 4, "diversity_penalty": -2.0},
        {"early_stopping": True, "stop_token_ids": ENDS, "max_tokens": 20},
        {"early_stopping": "never", "stop_token_ids": ENDS, "length_penalty": 2.0},
        {"length_penalty": -1.0, "stop_token_ids": ENDS},
        {"presence_penalty": 2.0, "max_tokens": 12},
        {"allowed_token_ids": (1, 2, 3), "max_tokens": 12},
        {"ignore_eos": True},
    ],
    ids=str,
)
def test_a_search_finds_what_the_reference_finds(given: dict[str, Any]) -> None:
    for number in range(1, 6):
        asked = searching(number, **given)
        assert found_alone(asked) == reference(asked)


settings_of_searches = st.fixed_dictionaries(
    {
        "groups": st.integers(1, 3),
        "length_penalty": st.sampled_from([-1.0, 0.0, 0.7, 1.0, 2.5]),
        "diversity_penalty": st.sampled_from([0.3, 1.0, 4.0]),
        "early_stopping": st.sampled_from([False, True, "never"]),
        "presence_penalty": st.sampled_from([0.0, 0.0, 1.5]),
        "stop_token_ids": st.sampled_from([(), (3,), ENDS]),
        "length": st.integers(1, 14),
        "max_tokens": st.integers(1, 14),
    }
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(settings_of_searches, st.integers(1, 3)), min_size=1, max_size=4), st.integers(0, 60)
)
@pytest.mark.slow
def test_searches_side_by_side_find_what_each_finds_alone(
    given: list[tuple[dict[str, Any], int]], spare: int
) -> None:
    asked = [
        searching(number, width=size * own["groups"], **own) for number, (own, size) in enumerate(given, 1)
    ]
    blocks = max(blocks_needed(len(one.prompt), one.sampling, BLOCK) for one in asked) + spare
    with engine(blocks=blocks, max_tokens=10, max_seqs=12, logits_of=varied_logits) as one:
        one.step(*asked[:2])
        one.step(*asked[2:])
        for _ in range(1_000):
            assert one.table.places <= 12
            if len(one.table) == 0:
                break
            one.step()
        assert one.blocks.free == blocks
        found = {number: texts(beams) for number, beams in one.beams.items()}
        assert found == {each.id: reference(each) for each in asked}


def test_beams_read_their_prompt_once_and_share_its_full_blocks() -> None:
    with engine(logits_of=varied_logits) as one:
        one.step(searching(1, length=10, ignore_eos=True))
        one.step()
        assert one.model.reads == [10, 3]
        one.step()
        beams = one.table.running[1].sequences
        assert len({tuple(text.blocks[:2]) for text in beams}) == 1
        assert one.table.num_running == 3


def test_beams_wait_for_all_of_their_places_and_nobody_passes_them_over() -> None:
    with engine(max_seqs=4, logits_of=varied_logits) as one:
        one.step(searching(1), searching(2), request(3))
        assert (sorted(one.table.running), one.table.places) == ([1], 3)
        one.finish()
        assert sorted([*one.beams, *one.texts]) == [1, 2, 3]


@pytest.mark.parametrize("steps", range(6))
def test_a_search_that_is_cancelled_leaves_nothing_behind(steps: int) -> None:
    with engine(max_tokens=8, logits_of=varied_logits) as one:
        one.step(searching(1, length=10))
        for _ in range(steps):
            one.step()
        one.step(cancel=(1,))
        assert (len(one.table), one.blocks.free, one.beams) == (0, 64, {})


def test_a_search_is_preempted_as_a_whole_and_finds_the_same() -> None:
    first = request(1, length=4, max_tokens=24)
    first = msgspec.structs.replace(first, sampling=msgspec.structs.replace(first.sampling, ignore_eos=True))
    apart = {"groups": 3, "diversity_penalty": 20.0, "ignore_eos": True}
    later = searching(2, length=6, max_tokens=12, **apart)
    with engine(blocks=13, logits_of=varied_logits) as one:
        one.step(first, later)
        one.finish()
        assert one.table.preemptions > 0
        assert texts(one.beams[2]) == reference(later)
        assert one.blocks.free == 13


def test_a_search_that_no_text_can_come_of_is_refused() -> None:
    with engine(logits_of=varied_logits) as one:
        one.step(searching(1, allowed_token_ids=(5,), bad_words=((5,),)))
        assert "forbid all" in one.refused[1]
        assert (len(one.table), one.blocks.free) == (0, 64)


def test_log_probabilities_of_beams_are_the_model_s_own() -> None:
    asked = searching(1, presence_penalty=2.0, logprobs=True, top_logprobs=2)
    with engine(logits_of=varied_logits) as one:
        one.step(asked)
        one.finish()
        text = list(asked.prompt)
        for token in one.beams[1][0].tokens:
            logits = varied_logits(text).astype(float).tolist()
            whole = math.log(sum(map(math.exp, logits)))
            assert token.logprob == pytest.approx(logits[token.id] - whole, abs=1e-4)
            assert len(token.top_logprobs) == 2
            text.append(token.id)
