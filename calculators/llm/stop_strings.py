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
    tail of a text that may become a stop is held back. At a stop it sends the finish "stop" and bills no
    token after the one that completed it; it is done with that choice, and with `text` when all choices have
    stopped, which ends the generation in the engine. With `include_stop_str_in_output` the stop string is
    the end of the text. The first `min_tokens` tokens are not searched. Without stops all is passed on.

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
            self._choices = request.choices
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


class Cutter:
    """The text of one choice, up to its stop.

    A stop is a stop of what people see: special tokens that are not shown stand in the text for those who
    parse it, and are not searched. They stay in their places between what is.
    """

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.stopped = False
        self._matcher = StopMatcher(request.stop)
        self._include = request.include_stop_str_in_output
        self._min_tokens = request.min_tokens
        self._hides_specials = request.skip_special_tokens
        self._seen = self._handed = 0
        """Characters that people see: those that have come, and those handed on."""
        self._hidden: list[tuple[int, str]] = []
        """Special tokens not handed on yet, each with how many characters come before it."""
        self._last: TextDelta | None = None

    def cut(self, delta: TextDelta) -> TextDelta:
        """What of a delta is certain to be before a stop."""
        text, ends = self._take_in(delta)
        self._last = delta if delta.finish is None else None
        if delta.completion_tokens < self._min_tokens and delta.finish is None:
            return self._hand_on(delta, text)
        certain = self._matcher.push(text)
        stopped_at = self._matcher.stopped_at
        if stopped_at is not None:
            self.stopped = True
            self._last = None
            if self._include:
                certain += self._matcher.stop
            return self._hand_on(stopped(delta, ends, stopped_at), certain)
        if delta.finish is not None:
            certain += self._matcher.flush()
        return self._hand_on(delta, certain)

    def rest(self) -> TextDelta | None:
        """What was held back, when the text has ended without a finish."""
        text = self._matcher.flush() if self._last is not None else ""
        if self._last is None or not text:
            return None
        return self._hand_on(msgspec.structs.replace(self._last, tokens=(), logprobs=()), text)

    def _take_in(self, delta: TextDelta) -> tuple[str, tuple[int, ...]]:
        """What people see of a delta's text, and where its tokens end in that."""
        text, ends = delta.text, delta.ends
        if delta.specials and self._hides_specials:
            for begin, end in reversed(delta.specials):
                text = text[:begin] + text[end:]
                ends = tuple(at if at <= begin else max(begin, at - (end - begin)) for at in ends)
            hidden_before = 0
            for begin, end in delta.specials:
                self._hidden.append((self._seen + begin - hidden_before, delta.text[begin:end]))
                hidden_before += end - begin
        self._seen += len(text)
        return text, ends

    def _hand_on(self, delta: TextDelta, text: str) -> TextDelta:
        """The delta with this text, and with the special tokens that belong into it."""
        begin = self._handed
        self._handed += len(text)
        specials: list[tuple[int, int]] = []
        while self._hidden and self._hidden[0][0] <= self._handed:
            before, special = self._hidden.pop(0)
            at = before - begin + sum(len_of(span) for span in specials)
            text = text[:at] + special + text[at:]
            specials.append((at, at + len(special)))
        return msgspec.structs.replace(delta, text=text, ends=(), specials=tuple(specials))


def len_of(span: tuple[int, int]) -> int:
    """How long a span is."""
    return span[1] - span[0]


def stopped(delta: TextDelta, ends: tuple[int, ...], stopped_at: int) -> TextDelta:
    """The last delta, without the tokens after the one that completed the stop."""
    unbilled = 0
    if ends:
        unbilled = max(0, len(ends) - 1 - bisect_left(ends, stopped_at))
    kept = len(delta.tokens) - unbilled
    return msgspec.structs.replace(
        delta,
        finish="stop",
        completion_tokens=delta.completion_tokens - unbilled,
        tokens=delta.tokens[:kept],
        logprobs=delta.logprobs[:kept],
        end="",
    )
