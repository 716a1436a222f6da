"""StopStringsCalculator: ends the text before the first stop string."""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta
from ovpipe.calculators.llm.stop_matcher import StopMatcher
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class StopStringsCalculator(Calculator):
    """Cuts the text before the first of the request's stop strings, to the character.

    Inputs `request` and `text`, output `kept`: one TextDelta for each that comes, until the stop. The
    tail of a text that may become a stop is held back. At a stop it sends the finish "stop", bills no token
    after the one that completed it, and is done with `text`, which ends the generation in the engine.
    A request without stops is passed through.

        stop_strings:
          calculator: StopStringsCalculator
          inputs: {request: chat_request, text: text}
          outputs: {kept: kept_text}
    """

    request = Input[ChatRequest | CompletionRequest]()
    text = Input[TextDelta]()
    kept = Output[TextDelta]()

    def __init__(self) -> None:
        self._matcher: StopMatcher | None = None

    def process(self, cx: Context) -> None:
        """Sends what is certain of the text so far."""
        request = cx.get(self.request)
        if request is not None and request.stop:
            self._matcher = StopMatcher(request.stop)
        delta = cx.get(self.text)
        if delta is None:
            return
        matcher = self._matcher
        if matcher is None:
            cx.send(self.kept, delta)
            return
        text = matcher.push(delta.text)
        if matcher.stopped_at is not None:
            cx.send(self.kept, stopped(delta, text, matcher.stopped_at))
            cx.done(self.text)
            return
        if delta.finish is not None:
            text += matcher.flush()
        cx.send(self.kept, msgspec.structs.replace(delta, text=text, ends=()))


def stopped(delta: TextDelta, text: str, stopped_at: int) -> TextDelta:
    """The last delta, without the tokens after the one that completed the stop."""
    unbilled = 0
    if delta.ends:
        unbilled = max(0, len(delta.ends) - 1 - bisect_left(delta.ends, stopped_at))
    return msgspec.structs.replace(
        delta, text=text, finish="stop", completion_tokens=delta.completion_tokens - unbilled, ends=()
    )
