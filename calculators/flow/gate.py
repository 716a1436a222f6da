"""GateCalculator: packets pass where a control says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.flow.pairs import pairs
from ovpipe.ports import Input, Output, RepeatedInput, RepeatedOutput, SideInput
from ovpipe.registry import register


@register
class GateCalculator(Calculator):
    """Passes or drops packets, timestamp by timestamp, as a control of the same timestamp says.

    Inputs `streams`, outputs `passed`: as many, in the same order. The control is one of

    - the input `allow` or `disallow`: a bool at the timestamps it decides,
    - the side input `side_allow` or `side_disallow`: a bool for the whole run,
    - the option `allow`, which also decides where the control has no packet; False by default.

    A gate that a side input has closed is done with its streams, so that the nodes above it end. The output
    `state_change` has the new state at each timestamp at which it differs from the one before.

        gate:
          calculator: GateCalculator
          inputs: {streams: [text, tokens], allow: is_safe}
          outputs: {passed: [safe_text, safe_tokens], state_change: safety_change}
          options: {allow: false}
    """

    streams = RepeatedInput[Any]()
    allow = Input[bool](optional=True)
    disallow = Input[bool](optional=True)
    side_allow = SideInput[bool](optional=True)
    side_disallow = SideInput[bool](optional=True)
    passed = RepeatedOutput[Any]()
    state_change = Output[bool]()

    def __init__(self, *, allow: bool = False) -> None:
        self._default = allow
        self._fixed = False
        self._last: bool | None = None
        self._pairs: Sequence[tuple[Input[Any], Output[Any]]] = ()

    def open(self, cx: Context) -> None:
        """Takes the side input's word, if there is one."""
        self._pairs = pairs(cx, self.streams, self.passed)
        allow, disallow = cx.get(self.side_allow), cx.get(self.side_disallow)
        if allow is not None and disallow is not None:
            raise self._two_controls(cx, self.side_allow.name, self.side_disallow.name)
        if allow is not None or disallow is not None:
            self._fixed = True
            self._default = allow if allow is not None else not disallow

    def process(self, cx: Context) -> None:
        """Passes what is there, if this timestamp is allowed."""
        allowed = self._allowed(cx)
        if self._last is not None and allowed != self._last:
            cx.send(self.state_change, allowed)
        self._last = allowed
        for stream, passed in self._pairs:
            if not allowed:
                if self._fixed:
                    cx.done(stream)
            elif stream in cx:
                cx.send(passed, cx[stream])

    def _allowed(self, cx: Context) -> bool:
        allow, disallow = cx.get(self.allow), cx.get(self.disallow)
        if allow is None and disallow is None:
            return self._default
        if self._fixed:
            raise self._two_controls(cx, "a side input", "a stream")
        if allow is not None and disallow is not None:
            raise self._two_controls(cx, self.allow.name, self.disallow.name)
        return allow if allow is not None else not disallow

    def _two_controls(self, cx: Context, one: str, other: str) -> ValueError:
        return ValueError(f"{cx.node_name} is controlled by {one} and by {other}; wire only one of them")
