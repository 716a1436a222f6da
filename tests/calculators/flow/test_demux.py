"""DemuxCalculator: one stream into several."""

from __future__ import annotations

import pytest

from ovpipe import Packet, RunError, Timestamp
from ovpipe.calculators.flow.demux import DemuxCalculator
from ovpipe.testing import CalculatorRunner


def test_each_packet_goes_to_the_chosen_branch_at_its_timestamp() -> None:
    out = CalculatorRunner(DemuxCalculator(), repeated={"branches": 2}).run(
        stream=["a", "b", "c"], select=[1, 0, 1]
    )
    assert out.packets(DemuxCalculator.branches) == [
        [Packet("b", Timestamp(1))],
        [Packet("a", Timestamp(0)), Packet("c", Timestamp(2))],
    ]


def test_without_a_choice_a_packet_is_dropped_and_without_a_packet_a_choice_is_idle() -> None:
    out = CalculatorRunner(DemuxCalculator(), repeated={"branches": 2}).run(
        stream=["a", "b"], select=[Packet(1, Timestamp(1)), Packet(0, Timestamp(2))]
    )
    assert out[DemuxCalculator.branches] == [[], ["b"]]


@pytest.mark.parametrize("place", [-1, 2])
def test_a_branch_that_does_not_exist_is_a_mistake(place: int) -> None:
    runner = CalculatorRunner(DemuxCalculator(), repeated={"branches": 2})
    with pytest.raises(RunError, match=rf"select chose {place} at 0, but \w+ has 2 streams .* from 0 to 1"):
        runner.run(stream=["a"], select=[place])
