"""MuxCalculator: one of several streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe import Packet, RunError, Timestamp
from ovpipe.calculators.flow.mux import MuxCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import graph_of


def test_sends_the_chosen_streams_packet_of_each_timestamp() -> None:
    out = CalculatorRunner(MuxCalculator()).run(streams=[["a", "b", "c"], [0, 1, 2]], select=[0, 1, 0])
    assert out.packets(MuxCalculator.selected) == [
        Packet("a", Timestamp(0)),
        Packet(1, Timestamp(1)),
        Packet("c", Timestamp(2)),
    ]


def test_sends_nothing_where_the_chosen_stream_has_no_packet() -> None:
    out = CalculatorRunner(MuxCalculator()).run(streams=[["a"], ["x", "y"]], select=[1, 0])
    assert out[MuxCalculator.selected] == ["x"]


@pytest.mark.parametrize("place", [-1, 2])
def test_a_stream_that_does_not_exist_is_a_mistake(place: int) -> None:
    with pytest.raises(RunError, match="'select' is .*, which selects no input"):
        CalculatorRunner(MuxCalculator()).run(streams=[["a"], ["b"]], select=[place])


def test_only_the_chosen_stream_is_waited_for() -> None:
    text = """
version: 1
inputs: [left, right, which]
outputs: [selected]
nodes:
  mux: {calculator: MuxCalculator, inputs: {streams: [left, right], select: which}, outputs: {selected: selected}}
"""

    async def scenario() -> list[Any]:
        values: list[Any] = []
        async with graph_of(text) as graph, asyncio.timeout(10), graph.run() as run:
            run.observe("selected", lambda packet: values.append(packet.value))
            await run.send("which", 1, at=0)
            await run.send("right", "a", at=0)  # nothing is known of the left
            return values.copy()
        raise AssertionError

    assert asyncio.run(scenario()) == ["a"]
