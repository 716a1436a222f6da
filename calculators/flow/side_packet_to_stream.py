"""SidePacketToStreamCalculator: a side packet as a packet."""

from __future__ import annotations

from typing import Any, Literal

from ovpipe.calculator import Calculator, Context
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.timestamp import Timestamp


@register
class SidePacketToStreamCalculator(Calculator):
    """Sends a side packet's value into a stream: at every tick, or once.

    Side input `side_packet`, output `packet`. The option `at` says when: "tick" at each packet of the input
    `tick`; "pre_stream", "post_stream" or a timestamp once, by itself, and then `tick` is not wired.

        side_packet_to_stream:
          calculator: SidePacketToStreamCalculator
          side_inputs: {side_packet: settings}
          outputs: {packet: settings_stream}
          options: {at: 0}
    """

    side_packet = SideInput[Any]()
    tick = Input[Any](optional=True)
    packet = Output[Any]()

    def __init__(self, *, at: Literal["tick", "pre_stream", "post_stream"] | int = "tick") -> None:
        self._at: Timestamp | None = None
        if at == "pre_stream":
            self._at = Timestamp.PRE_STREAM
        elif at == "post_stream":
            self._at = Timestamp.POST_STREAM
        elif at != "tick":
            self._at = Timestamp(at)

    def process(self, cx: Context) -> None:
        """Sends the value, and stops when that was all."""
        ticks = self.tick in cx
        if ticks != (self._at is None):
            raise ValueError(
                f"{cx.node_name} has at: {'tick' if self._at is None else self._at} and "
                f"{'a' if ticks else 'no'} tick; wire tick where at is tick, and only there"
            )
        cx.send(self.packet, cx[self.side_packet], at=self._at)
        if self._at is not None:
            cx.stop()
