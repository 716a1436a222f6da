"""Numbers 1 to 4: timestamps and names."""

from __future__ import annotations

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import GraphError, TimestampError
from ovpipe.graph import load_graph_text
from ovpipe.ports import Output, RepeatedInput
from ovpipe.registry import Registry
from ovpipe.testing import CalculatorRunner
from ovpipe.timestamp import Timestamp
from tests.conformance.graphs import PassCalculator

SPECIAL = [
    Timestamp.UNSET,
    Timestamp.UNSTARTED,
    Timestamp.PRE_STREAM,
    Timestamp.POST_STREAM,
    Timestamp.ONE_OVER_POST_STREAM,
    Timestamp.DONE,
]


@pytest.mark.parametrize("special", SPECIAL, ids=str)
def test_01_special_timestamps_are_not_made_from_raw_integers(special: Timestamp) -> None:
    """Building any special raw value fails."""
    with pytest.raises(TimestampError, match="outside the range of timestamps"):
        Timestamp(int.__index__(special) + 0)


def test_01_the_special_timestamps_are_in_order() -> None:
    """Unset, Unstarted, PreStream, Min, ..., Max, PostStream, OneOverPostStream, Done."""
    order = [*SPECIAL[:3], Timestamp.MIN, Timestamp(0), Timestamp.MAX, *SPECIAL[3:]]
    assert order == sorted(order)
    assert len(set(order)) == len(order)


def test_01_arithmetic_clamps_to_the_ordinary_range() -> None:
    """Max - 100 + 200 = Max; Min + 100 - 200 = Min."""
    assert Timestamp.MAX - 100 + 200 == Timestamp.MAX
    assert Timestamp.MIN + 100 - 200 == Timestamp.MIN


@pytest.mark.parametrize("special", SPECIAL, ids=str)
def test_01_special_timestamps_have_no_arithmetic(special: Timestamp) -> None:
    """PostStream + 0 fails."""
    with pytest.raises(TimestampError, match="has no arithmetic"):
        special + 0
    with pytest.raises(TimestampError, match="has no arithmetic"):
        special - 0


def test_02_what_may_follow_a_timestamp() -> None:
    """next(0) = 1; next(PreStream) = next(Max) = next(PostStream) = OneOverPostStream."""
    assert Timestamp(0).next_allowed() == 1
    assert Timestamp.MIN.next_allowed() == Timestamp.MIN + 1
    for last in (Timestamp.PRE_STREAM, Timestamp.MAX, Timestamp.POST_STREAM):
        assert last.next_allowed() == Timestamp.ONE_OVER_POST_STREAM


@pytest.mark.parametrize("name", ["Text", "1st", "a-b", "a b", "TAG:text", "ä", ""])
def test_03_a_bad_stream_name_is_refused_with_its_place(name: str) -> None:
    """Stream names match [a-z_][a-z0-9_]*; bad ones are refused with the place in the file."""
    text = f"""version: 1
inputs: [text]
nodes:
  pass:
    calculator: PassCalculator
    inputs: {{inward: text}}
    outputs: {{outward: "{name}"}}
"""
    with pytest.raises(GraphError) as caught:
        load_graph_text(text, file="names.yaml", registry=Registry.of(PassCalculator))
    assert any(str(finding).startswith("names.yaml:7: ") for finding in caught.value.findings)


@pytest.mark.parametrize("name", ["text", "_", "_a1", "a_b_2"])
def test_03_a_good_stream_name_is_taken(name: str) -> None:
    """Stream names match [a-z_][a-z0-9_]*."""
    text = f"""version: 1
inputs: [in]
nodes:
  pass: {{calculator: PassCalculator, inputs: {{inward: in}}, outputs: {{outward: {name}}}}}
"""
    plan = load_graph_text(text, registry=Registry.of(PassCalculator))
    assert plan.streams[1].name == name


def test_04_a_stream_has_one_producer() -> None:
    """One producer for each stream."""
    text = """version: 1
inputs: [text]
nodes:
  one: {calculator: PassCalculator, inputs: {inward: text}, outputs: {outward: loud}}
  two: {calculator: PassCalculator, inputs: {inward: text}, outputs: {outward: loud}}
"""
    with pytest.raises(GraphError) as caught:
        load_graph_text(text, file="two.yaml", registry=Registry.of(PassCalculator))
    (finding,) = caught.value.findings
    assert str(finding).startswith("two.yaml:5: ")
    assert "'loud'" in finding.message
    assert "two.yaml:4" in finding.message


def test_04_repeated_ports_are_indexed_from_zero_without_holes() -> None:
    """Repeated ports are indexed from 0 without holes.

    Difference: the graph writes a list and no indices, so that a hole cannot be written.
    """

    class NamesCalculator(Calculator):
        parts = RepeatedInput[str]()
        names = Output[list[str]]()

        def process(self, cx: Context) -> None:
            cx.send(self.names, [f"{port.name}={cx[port]}" for port in cx.each(self.parts)])

    out = CalculatorRunner(NamesCalculator()).run(parts=[["a"], ["b"], ["c"]])
    assert out[NamesCalculator.names] == [["parts[0]=a", "parts[1]=b", "parts[2]=c"]]
