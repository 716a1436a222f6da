"""PacketClonerCalculator: the latest, again at every tick."""

from __future__ import annotations

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.packet_cloner import PacketClonerCalculator
from ovpipe.testing import CalculatorRunner


def at(timestamp: int, value: str = "tick") -> Packet[str]:
    return Packet(value, Timestamp(timestamp))


def test_the_latest_packet_comes_again_at_every_tick() -> None:
    out = CalculatorRunner(PacketClonerCalculator()).run(
        streams=[[at(1, "a"), at(4, "b")]], tick=[at(0), at(2), at(3), at(4), at(9)]
    )
    assert out.packets(PacketClonerCalculator.cloned) == [[at(2, "a"), at(3, "a"), at(4, "b"), at(9, "b")]]


def test_streams_begin_apart_unless_all_are_needed() -> None:
    streams = [[at(0, "a")], [at(2, "x")]]
    ticks = [at(1), at(3)]
    out = CalculatorRunner(PacketClonerCalculator()).run(streams=streams, tick=ticks)
    assert out[PacketClonerCalculator.cloned] == [["a", "a"], ["x"]]
    together = PacketClonerCalculator(output_only_when_all_inputs_received=True)
    out = CalculatorRunner(together).run(streams=streams, tick=ticks)
    assert out[PacketClonerCalculator.cloned] == [["a"], ["x"]]
