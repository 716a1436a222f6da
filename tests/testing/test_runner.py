"""CalculatorRunner: what it wires, feeds and gives back."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getsourcelines
from typing import Any, ClassVar

import pytest

from ovpipe import (
    Calculator,
    Context,
    Input,
    Output,
    Packet,
    PortError,
    RepeatedInput,
    RepeatedOutput,
    Timestamp,
)
from ovpipe.errors import GraphError, TimestampError
from ovpipe.testing import CalculatorRunner


class SpreadCalculator(Calculator):
    """Sends the sum of its numbers to every total, times the total's place."""

    numbers = RepeatedInput[int](optional=True)
    more = RepeatedInput[int](optional=True)
    tick = Input[Any](optional=True)
    totals = RepeatedOutput[int]()
    counts = Output[Any]()

    def process(self, cx: Context) -> None:
        numbers = [cx[port] for port in (*cx.each(self.numbers), *cx.each(self.more)) if port in cx]
        for place, total in enumerate(cx.each(self.totals)):
            cx.send(total, sum(numbers) * place)
        cx.send(self.counts, len(numbers))


def test_a_repeated_input_takes_an_iterable_for_each_stream() -> None:
    out = CalculatorRunner(SpreadCalculator()).run(numbers=[[1, 2], [10, Packet(20, Timestamp(5))]])
    assert out.packets(SpreadCalculator.totals) == [
        [Packet(0, Timestamp(0)), Packet(0, Timestamp(1)), Packet(0, Timestamp(5))],
        [Packet(11, Timestamp(0)), Packet(2, Timestamp(1)), Packet(20, Timestamp(5))],
    ]
    assert out[SpreadCalculator.counts] == [2, 1, 1]


def test_a_repeated_output_has_as_many_streams_as_the_first_repeated_input_or_as_it_is_told() -> None:
    assert CalculatorRunner(SpreadCalculator()).run(tick=["x"])[SpreadCalculator.totals] == []
    out = CalculatorRunner(SpreadCalculator()).run(numbers=[[1]] * 3)
    assert out[SpreadCalculator.totals] == [[0], [3], [6]]
    out = CalculatorRunner(SpreadCalculator(), repeated={"totals": 2}).run(numbers=[[1]] * 3)
    assert out[SpreadCalculator.totals] == [[0], [3]]


class WhichCalculator(Calculator):
    """Without its input it is a source."""

    text = Input[str](optional=True)
    said = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.said, cx.get(self.text) or "alone")
        if self.text not in cx:
            cx.stop()


def test_an_optional_input_is_wired_only_when_it_is_given() -> None:
    assert CalculatorRunner(WhichCalculator()).run(text=["a"])[WhichCalculator.said] == ["a"]
    assert CalculatorRunner(WhichCalculator()).run()[WhichCalculator.said] == ["alone"]
    assert CalculatorRunner(WhichCalculator()).run(text=[])[WhichCalculator.said] == []


class ArrivalCalculator(Calculator):
    """Tells which inputs came together."""

    left = Input[str]()
    right = Input[str]()
    came = Output[str](streaming=True)

    input_policy: ClassVar[str | Mapping[str, Any]] = "barrier"

    def process(self, cx: Context) -> None:
        cx.send(self.came, (cx.get(self.left) or "-") + (cx.get(self.right) or "-"))


class GroupedCalculator(ArrivalCalculator):
    """The same, each input for itself."""

    input_policy: ClassVar[str | Mapping[str, Any]] = {"sync_sets": {"sets": [["left"], ["right"]]}}


def test_the_calculators_own_input_policy_is_in_force() -> None:
    late = [Packet("x", Timestamp(7))]
    assert CalculatorRunner(ArrivalCalculator()).run(left=["a"], right=late)[ArrivalCalculator.came] == ["ax"]
    out = CalculatorRunner(GroupedCalculator()).run(left=["a"], right=["x"])
    assert out[GroupedCalculator.came] == ["a-", "-x"]


class PartsCalculator(Calculator):
    """Tells how many of its parts came together; the caption goes by itself."""

    parts = RepeatedInput[str]()
    caption = Input[str]()
    came = Output[int](streaming=True)

    input_policy: ClassVar[str | Mapping[str, Any]] = {"sync_sets": {"sets": [["parts"]]}}

    def process(self, cx: Context) -> None:
        if self.caption not in cx:
            cx.send(self.came, sum(part in cx for part in cx.each(self.parts)))


def test_in_a_policy_a_repeated_port_stands_for_all_its_streams_as_in_a_graph() -> None:
    out = CalculatorRunner(PartsCalculator()).run(parts=[["a", "b"], ["c"]], caption=["x"])
    assert out[PartsCalculator.came] == [2, 1]


class MisspeltCalculator(ArrivalCalculator):
    """Asks for an input that it does not have."""

    input_policy: ClassVar[str | Mapping[str, Any]] = {"mux": {"select": "rigth"}}


def test_an_input_policy_that_the_calculator_cannot_have_is_told_where_the_class_is() -> None:
    line = getsourcelines(MisspeltCalculator)[1]
    with pytest.raises(
        GraphError, match=rf"test_runner.py:{line}: .* of MisspeltCalculator .* 'rigth'.* 'right'"
    ):
        CalculatorRunner(MisspeltCalculator()).run(left=["a"])


class LyingCalculator(Calculator):
    """Says int, and sends a text to its second output."""

    tick = Input[Any]()
    numbers = RepeatedOutput[int]()

    def process(self, cx: Context) -> None:
        values: list[Any] = [1, "one"]
        for number, value in zip(cx.each(self.numbers), values, strict=True):
            cx.send(number, value)


def test_a_value_that_is_not_of_its_ports_type_is_told_by_place() -> None:
    runner = CalculatorRunner(LyingCalculator(), repeated={"numbers": 2})
    with pytest.raises(TypeError, match=r"LyingCalculator.numbers\[1\] is declared as int, but str was sent"):
        runner.run(tick=["x"])


def test_names_that_are_no_ports_are_refused() -> None:
    with pytest.raises(PortError, match="has no input 'number': did you mean 'numbers'?"):
        CalculatorRunner(SpreadCalculator()).run(number=[[1]])
    with pytest.raises(PortError, match="has no repeated output 'total': did you mean 'totals'?"):
        CalculatorRunner(SpreadCalculator(), repeated={"total": 1})


@pytest.mark.parametrize("at", [12.5, True, "12"])
def test_a_packet_at_what_is_no_timestamp_is_refused_with_its_input(at: Any) -> None:
    with pytest.raises(TimestampError, match="input 'text': .* is no timestamp; a timestamp is an integer"):
        CalculatorRunner(WhichCalculator()).run(text=["a", Packet("b", at)])
