"""PassThroughCalculator: everything, unchanged, together."""

from __future__ import annotations

import pytest

from ovpipe import Packet, RunError, Timestamp
from ovpipe.calculators.flow.pass_through import PassThroughCalculator
from ovpipe.testing import CalculatorRunner


def test_passes_each_stream_to_the_output_of_its_place() -> None:
    out = CalculatorRunner(PassThroughCalculator()).run(streams=[["a", "b"], [1, 2]])
    assert out[PassThroughCalculator.passed] == [["a", "b"], [1, 2]]


def test_timestamps_are_kept_where_a_stream_has_no_packet() -> None:
    late = Packet("late", Timestamp(7))
    out = CalculatorRunner(PassThroughCalculator()).run(streams=[["a"], [late]])
    assert out.packets(PassThroughCalculator.passed) == [[Packet("a", Timestamp(0))], [late]]


def test_as_many_outputs_as_inputs_or_it_says_so() -> None:
    runner = CalculatorRunner(PassThroughCalculator(), repeated={"passed": 1})
    with pytest.raises(RunError, match="reads 2 streams and writes 1 passed; wire one stream under passed"):
        runner.run(streams=[["a"], ["b"]])
