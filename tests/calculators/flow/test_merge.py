"""MergeCalculator: several streams into one."""

from __future__ import annotations

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.merge import MergeCalculator
from ovpipe.testing import CalculatorRunner


def test_packets_come_in_the_order_of_their_timestamps() -> None:
    odd = [Packet("b", Timestamp(1)), Packet("d", Timestamp(3))]
    even = [Packet("a", Timestamp(0)), Packet("c", Timestamp(2))]
    out = CalculatorRunner(MergeCalculator()).run(streams=[odd, even])
    assert out[MergeCalculator.merged] == ["a", "b", "c", "d"]
    assert [packet.timestamp for packet in out.packets(MergeCalculator.merged)] == [0, 1, 2, 3]


def test_of_one_timestamp_the_first_stream_wins() -> None:
    out = CalculatorRunner(MergeCalculator()).run(streams=[["a"], ["x", "y"]])
    assert out[MergeCalculator.merged] == ["a", "y"]
