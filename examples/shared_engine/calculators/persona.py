"""PersonaCalculator: a node that says to the model who it is."""

from __future__ import annotations

import msgspec

from ovpipe import Calculator, Context, Input, Output, RequestError, register
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message


@register
class PersonaCalculator(Calculator):
    """Puts a system message before each conversation. A client's own system message comes after it.

    persona:
      calculator: PersonaCalculator
      inputs: {request: chat_request}
      outputs: {request_in_persona: persona_request}
      options: {persona: You are a pirate.}
    """

    request = Input[ChatRequest | CompletionRequest]()
    request_in_persona = Output[ChatRequest]()

    def __init__(self, *, persona: str) -> None:
        self._persona = Message(role="system", content=persona)

    def process(self, cx: Context) -> None:
        """Sends the request on with the message before its own; refuses completions, which have none."""
        request = cx[self.request]
        if not isinstance(request, ChatRequest):
            raise RequestError(404, "This model has a persona and answers /chat/completions only.")
        messages = (self._persona, *request.messages)
        cx.send(self.request_in_persona, msgspec.structs.replace(request, messages=messages))
