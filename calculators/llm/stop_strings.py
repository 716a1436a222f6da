"""StopStringsCalculator: ends the text before the first stop string."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta
from ovpipe.calculators.llm.text.cutter import Cutter
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class StopStringsCalculator(Calculator):
    """Cuts the text before the first of the request's stop strings, to the character.

    Inputs `request` and `text`, output `kept`: one TextDelta for each that comes, until the stop. The
    tail of a text that may become a stop is held back. At a stop it sends the finish "stop" and bills no
    token after the one that completed it; it is done with that choice, and with `text` when all choices have
    stopped, which ends the generation in the engine. With `include_stop_str_in_output` the stop string is
    the end of the text. No stop ends before there are `min_tokens` tokens. Without stops all is passed on.

        stop_strings:
          calculator: StopStringsCalculator
          inputs: {request: chat_request, text: text}
          outputs: {kept: kept_text}
    """

    request = Input[ChatRequest | CompletionRequest]()
    text = Input[TextDelta]()
    kept = Output[TextDelta](streaming=True)

    def __init__(self) -> None:
        self._request: ChatRequest | CompletionRequest | None = None
        self._cutters: dict[tuple[int, int], Cutter] = {}
        self._choices = 1
        self._over = 0

    def process(self, cx: Context) -> None:
        """Sends what is certain of the text so far."""
        request = cx.get(self.request)
        if request is not None and request.stop:
            self._request = request
            self._choices = len(request.choices)
        delta = cx.get(self.text)
        if delta is None:
            return
        if self._request is None:
            cx.send(self.kept, delta)
            return
        key = (delta.prompt, delta.choice)
        cutter = self._cutters.get(key)
        if cutter is None:
            cutter = self._cutters[key] = Cutter(self._request)
        if cutter.stopped:
            return
        kept = cutter.cut(delta)
        cx.send(self.kept, kept)
        if kept.finish is None:
            return
        self._over += 1
        if self._over == self._choices:
            cx.done(self.text)
        else:
            cx.done(self.text, key)

    def close(self, cx: Context) -> None:
        """Hands on what was held back of a text that a node above ended without a finish."""
        for cutter in self._cutters.values():
            rest = cutter.rest()
            if rest is not None:
                cx.send(self.kept, rest)
