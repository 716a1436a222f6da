"""StopAfterCalculator: a node that ends an answer early."""

from __future__ import annotations

import msgspec

from ovpipe import Calculator, Context, Input, Output, register
from ovpipe.calculators.llm.packets import TextDelta


@register
class StopAfterCalculator(Calculator):
    """Lets a number of characters pass and then says that it needs no more.

    `cx.done` makes the nodes above end in turn, up to the engine, which forgets the request: no token
    is computed for nobody.

    short:
      calculator: StopAfterCalculator
      inputs: {text: text}
      outputs: {short: short_text}
      options: {characters: 20}
    """

    text = Input[TextDelta]()
    short = Output[TextDelta]()

    def __init__(self, *, characters: int) -> None:
        self._left = characters

    def process(self, cx: Context) -> None:
        """Cuts the delta that goes beyond the limit, and is done."""
        delta = cx[self.text]
        cx.send(self.short, msgspec.structs.replace(delta, text=delta.text[: self._left], ends=()))
        self._left -= len(delta.text)
        if self._left <= 0:
            cx.done(self.text)
