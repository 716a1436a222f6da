"""DelayCalculator: by packets, and by timestamps."""

from __future__ import annotations

import pytest

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.delay import DelayCalculator
from ovpipe.testing import CalculatorRunner


def delayed(calculator: DelayCalculator, *timestamps: int) -> list[tuple[int, int]]:
    """Timestamps and values of what came; each value is the timestamp it was sent at."""
    packets = [Packet(at, Timestamp(at)) for at in timestamps]
    out = CalculatorRunner(calculator).run(stream=packets).packets(DelayCalculator.delayed)
    return [(packet.timestamp, packet.value) for packet in out]


def test_by_packets_each_comes_at_the_timestamp_of_the_nth_after_it() -> None:
    assert delayed(DelayCalculator(packets=2), 1, 5, 6, 20) == [(6, 1), (20, 5)]


def test_by_timestamps_each_comes_so_much_later() -> None:
    assert delayed(DelayCalculator(timestamps=3), 1, 2, 20) == [(4, 1), (5, 2), (23, 20)]


def test_no_delay_is_a_delay_too() -> None:
    assert delayed(DelayCalculator(packets=0), 1, 2) == [(1, 1), (2, 2)]
    assert delayed(DelayCalculator(timestamps=0), 1, 2) == [(1, 1), (2, 2)]


@pytest.mark.parametrize("options", [{}, {"packets": 1, "timestamps": 1}])
def test_it_is_by_one_of_the_two(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="give one of packets and timestamps"):
        DelayCalculator(**options)


@pytest.mark.parametrize("options", [{"packets": -1}, {"timestamps": -1}])
def test_nothing_comes_before_it_was_sent(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a delay is 0 or more"):
        DelayCalculator(**options)
