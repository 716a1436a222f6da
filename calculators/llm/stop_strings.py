"""StopStringsCalculator: ends the answer before the first stop string."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, OutputDelta
from ovpipe.calculators.llm.text.cutter import Cutter
from ovpipe.ports import Input, Output
from ovpipe.registry import register
from ovpipe.timestamp import DONE


@register
class StopStringsCalculator(Calculator):
    """Cuts the answer before the first of the request's stop strings, to the character.

    Inputs `request` and `parsed`, output `kept`: one OutputDelta for each that comes, until the stop. Stops
    are looked for in the content, not in thoughts and calls. The tail of a text that may become a stop is
    held back. At a stop it sends the finish "stop" ("tool_calls" after a call) and bills no token after the
    one that completed it; it is done with that choice, and with `parsed` when all choices have stopped, which
    ends the generation in the engine. With `include_stop_str_in_output` the stop string is the end of the
    text. No stop ends before there are `min_tokens` tokens. Without stops all is passed on. While another
    request may come, as in an agent's loop, the generation goes on and what it brings is dropped.

        stop_strings:
          calculator: StopStringsCalculator
          inputs: {request: chat_request, parsed: parsed}
          outputs: {kept: kept}
    """

    request = Input[ChatRequest | CompletionRequest]()
    parsed = Input[OutputDelta]()
    kept = Output[OutputDelta](streaming=True)

    def __init__(self) -> None:
        self._request: ChatRequest | CompletionRequest | None = None
        self._cutters: dict[tuple[int, int], Cutter] = {}
        self._choices = 1
        self._over = 0

    def process(self, cx: Context) -> None:
        """Sends what is certain of the answer so far."""
        request = cx.get(self.request)
        if request is not None:
            self.close(cx)  # what is left of a request before it in this run
            self._begin(request)
        delta = cx.get(self.parsed)
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
        if cx.bound(self.request) != DONE:
            return  # another request may come, whose answer is wanted
        if self._over == self._choices:
            cx.done(self.parsed)
        else:
            cx.done(self.parsed, key)

    def close(self, cx: Context) -> None:
        """Hands on what was held back of a text that a node above ended without a finish."""
        for cutter in self._cutters.values():
            rest = cutter.rest()
            if rest is not None:
                cx.send(self.kept, rest)

    def _begin(self, request: ChatRequest | CompletionRequest) -> None:
        """Settles which stops to look for."""
        self._request = request if request.stop else None
        self._cutters.clear()
        self._over = 0
        self._choices = len(request.choices)
