"""KeepCoolCalculator: a node that changes how an answer is sampled."""

from __future__ import annotations

import msgspec

from ovpipe import Calculator, Context, Input, Output, register
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest


@register
class KeepCoolCalculator(Calculator):
    """Lets no request be sampled at a higher temperature than this.

    cool:
      calculator: KeepCoolCalculator
      inputs: {request: guided_request}
      outputs: {cool: cool_request}
      options: {temperature: 0}
    """

    request = Input[ChatRequest | CompletionRequest]()
    cool = Output[ChatRequest | CompletionRequest]()

    def __init__(self, *, temperature: float) -> None:
        self._temperature = temperature

    def process(self, cx: Context) -> None:
        """Sends the request on, cooled."""
        request = cx[self.request]
        temperature = min(request.temperature, self._temperature)
        cx.send(self.cool, msgspec.structs.replace(request, temperature=temperature))
