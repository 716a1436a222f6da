"""ValveCalculator: stays as it was turned, and holds nobody up."""

from __future__ import annotations

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.valve import ValveCalculator
from ovpipe.testing import CalculatorRunner


def turned(at: int, value: bool) -> Packet[bool]:
    return Packet(value, Timestamp(at))


def test_it_is_open_until_it_is_turned() -> None:
    out = CalculatorRunner(ValveCalculator()).run(streams=[[0, 1, 2, 3]], turn=[turned(2, False)])
    assert out[ValveCalculator.passed] == [[0, 1]]


def test_it_stays_as_it_was_last_turned() -> None:
    out = CalculatorRunner(ValveCalculator(open=False)).run(
        streams=[[0, 1, 2, 3, 4, 5]], turn=[turned(1, True), turned(4, False)]
    )
    assert out[ValveCalculator.passed] == [[1, 2, 3]]


def test_it_can_do_without_being_turned() -> None:
    assert CalculatorRunner(ValveCalculator()).run(streams=[["a"]])[ValveCalculator.passed] == [["a"]]
    assert CalculatorRunner(ValveCalculator(open=False)).run(streams=[["a"]])[ValveCalculator.passed] == [[]]
