"""What a beam search remembers between two steps."""

from __future__ import annotations

import math

import pytest

from ovpipe.calculators.engine.searching.search_state import BeamGroup, LiveBeam, SearchState, normalised
from ovpipe.engines.protocol import Beam, Token


def beam(score: float) -> Beam:
    return Beam([Token(1)], score, "stop")


def test_every_group_begins_with_the_prompt() -> None:
    state = SearchState.start(2)
    assert [group.live for group in state.groups] == [(LiveBeam(0),), (LiveBeam(0),)]
    assert (state.is_over, state.beams) == (False, [])


def test_a_group_keeps_as_many_texts_as_it_has_beams_the_best_first() -> None:
    group = BeamGroup(())
    for score in (-3.0, -1.0, -2.0):
        group = group.with_ended(beam(score), 2)
    assert [one.score for one in group.ended] == [-1.0, -2.0]
    assert SearchState((group, BeamGroup((), (beam(-1.5),)))).beams == [beam(-1.0), beam(-1.5), beam(-2.0)]


@pytest.mark.parametrize(
    ("length_penalty", "score"), [(1.0, -2.0), (0.0, -8.0), (-1.0, -32.0), (1e30, -0.0), (-1e30, -math.inf)]
)
def test_a_score_is_over_a_power_of_the_length_also_where_no_float_holds_it(
    length_penalty: float, score: float
) -> None:
    assert normalised(-8.0, 4, length_penalty) == score
