"""SidePacketToStreamCalculator: at ticks, and by itself."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from ovpipe import Packet, RunError, Timestamp
from ovpipe.calculators.flow.side_packet_to_stream import SidePacketToStreamCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import outputs_of, pairs_of

At = Literal["tick", "pre_stream", "post_stream"] | int


def packets(at: At = "tick", **inputs: Any) -> list[Packet[Any]]:
    out = CalculatorRunner(SidePacketToStreamCalculator(at=at)).run(side_packet="value", **inputs)
    return out.packets(SidePacketToStreamCalculator.packet)


def test_the_value_comes_at_every_tick() -> None:
    ticks = ["x", Packet("y", Timestamp(5))]
    assert packets(tick=ticks) == [Packet("value", Timestamp(0)), Packet("value", Timestamp(5))]


@pytest.mark.parametrize(
    ("at", "timestamp"),
    [
        ("pre_stream", Timestamp.PRE_STREAM),
        ("post_stream", Timestamp.POST_STREAM),
        (0, Timestamp(0)),
        (-5, Timestamp(-5)),
    ],
)
def test_without_ticks_it_comes_once_by_itself(at: At, timestamp: Timestamp) -> None:
    assert packets(at) == [Packet("value", timestamp)]


def test_a_tick_is_wired_where_at_says_so_and_only_there() -> None:
    with pytest.raises(RunError, match="has at: tick and no tick"):
        packets("tick")
    with pytest.raises(RunError, match="has at: 3 and a tick"):
        packets(3, tick=["x"])


def test_it_runs_beside_other_nodes_as_a_source() -> None:
    text = """
version: 1
inputs: [text]
outputs: [settings_of_text]
side_inputs: [settings]
nodes:
  settings: {calculator: SidePacketToStreamCalculator, side_inputs: {side_packet: settings}, outputs: {packet: settings_stream}, options: {at: 0}}
  cloner: {calculator: PacketClonerCalculator, inputs: {streams: [settings_stream], tick: text}, outputs: {cloned: [settings_of_text]}}
"""
    out = outputs_of(text, sent=[("text", 3, "a"), ("text", 4, "b")], side={"settings": "value"})
    assert pairs_of(out["settings_of_text"]) == [(3, "value"), (4, "value")]
