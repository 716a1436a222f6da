"""GateCalculator: what passes, by each of its controls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe import Abandoned, Packet, RunError, Timestamp
from ovpipe.calculators.flow.gate import GateCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import graph_of


def passed(calculator: GateCalculator, **inputs: Any) -> list[Any]:
    """What passed of one stream of a, b, c, d."""
    out = CalculatorRunner(calculator).run(streams=[["a", "b", "c", "d"]], **inputs)
    return out[GateCalculator.passed][0]


def test_a_stream_of_allow_decides_each_timestamp() -> None:
    assert passed(GateCalculator(), allow=[True, False, False, True]) == ["a", "d"]


def test_a_stream_of_disallow_decides_each_timestamp() -> None:
    assert passed(GateCalculator(), disallow=[True, False, False, True]) == ["b", "c"]


def test_without_a_packet_of_its_control_the_gate_is_shut_unless_the_option_says_otherwise() -> None:
    second = [Packet(False, Timestamp(1))]
    assert passed(GateCalculator(), allow=second) == []
    assert passed(GateCalculator(allow=True), allow=second) == ["a", "c", "d"]


def test_the_option_alone_can_decide() -> None:
    assert passed(GateCalculator(allow=True)) == ["a", "b", "c", "d"]
    assert passed(GateCalculator()) == []


def test_a_side_input_decides_for_the_whole_run_against_the_option() -> None:
    assert passed(GateCalculator(), side_allow=True) == ["a", "b", "c", "d"]
    assert passed(GateCalculator(allow=True), side_disallow=True) == []
    assert passed(GateCalculator(), side_disallow=False) == ["a", "b", "c", "d"]


def test_a_gate_closed_for_good_is_done_with_its_streams() -> None:
    text = """
version: 1
inputs: [text]
outputs: [passed]
side_inputs: [allow]
nodes:
  gate: {calculator: GateCalculator, inputs: {streams: [text]}, outputs: {passed: [passed]}, side_inputs: {side_allow: allow}}
"""

    async def scenario() -> None:
        graph = graph_of(text)
        await graph.open({"allow": False})
        async with graph, asyncio.timeout(10):
            run = graph.run()
            await run.send("text", "a")
            with pytest.raises(Abandoned):
                await run.send("text", "b")
            await run.wait()  # the input is still open: there is nothing left to do

    asyncio.run(scenario())


def test_several_streams_are_let_through_together() -> None:
    out = CalculatorRunner(GateCalculator()).run(streams=[["a", "b"], [1, 2]], allow=[False, True])
    assert out[GateCalculator.passed] == [["b"], [2]]


def test_tells_when_it_opens_and_shuts_but_not_how_it_began() -> None:
    out = CalculatorRunner(GateCalculator()).run(streams=[[]], allow=[True, True, False, True])
    assert out.packets(GateCalculator.state_change) == [
        Packet(False, Timestamp(2)),
        Packet(True, Timestamp(3)),
    ]


@pytest.mark.parametrize(
    ("controls", "said"),
    [
        ({"allow": [True], "disallow": [True]}, "by allow and by disallow"),
        ({"side_allow": True, "side_disallow": True}, "by side_allow and by side_disallow"),
        ({"side_allow": True, "allow": [True]}, "by a side input and by a stream"),
    ],
)
def test_two_controls_are_refused(controls: dict[str, Any], said: str) -> None:
    with pytest.raises(RunError, match=f"{said}; wire only one of them"):
        passed(GateCalculator(), **controls)
