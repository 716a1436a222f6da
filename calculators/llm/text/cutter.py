"""Cutter: one text up to its first stop string, delta by delta."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta
from ovpipe.calculators.llm.text.stop_matcher import StopMatcher


class Cutter:
    """The text of one choice, up to its stop.

    A stop is a stop of what people see: special tokens that are not shown stand in the text for those who
    parse it, and are not searched. They stay in their places between what is. No stop ends before the last
    of the first `min_tokens` tokens. What is handed on, joined, does not depend on how the tokens came in
    deltas. Time is linear in the text.
    """

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.stopped = False
        self._matcher = StopMatcher(request.stop)
        self._include = request.include_stop_str_in_output
        self._unsearched = request.min_tokens - 1
        self._hides_specials = request.skip_special_tokens
        self._pieces: list[str] = []
        """The text that is not handed on yet, as it came."""
        self._begin = self._came = 0
        """Characters of the whole text up to where that begins, and all that have come."""
        self._specials: deque[tuple[int, int]] = deque()
        """The special tokens in it; from where to where, in the whole text."""
        self._last: TextDelta | None = None

    def cut(self, delta: TextDelta) -> TextDelta:
        """What of a delta is certain to be before a stop."""
        base = self._came - self._begin
        self._take_in(delta)
        self._last = delta if delta.finish is None else None
        hidden = delta.specials if self._hides_specials else ()
        shown = without(delta.text, hidden) if hidden else delta.text
        free = self._before_search(delta, hidden)
        count = free + len(self._matcher.push(shown[free:] if free else shown))
        stopped_at = self._matcher.stopped_at
        if stopped_at is not None:
            self.stopped = True
            self._last = None
            if self._include:
                count += len(self._matcher.stop)
            place = place_after(hidden, free + stopped_at)
            while self._specials and self._specials[-1][0] >= self._begin + base + place:
                self._specials.pop()
            delta = stopped(delta, place)
        elif delta.finish is not None:
            count += len(self._matcher.flush())
        return self._hand_on(delta, count, base)

    def rest(self) -> TextDelta | None:
        """What was held back, when the text has ended without a finish."""
        last, held = self._last, self._matcher.flush()
        if last is None or not held:
            return None
        last = msgspec.structs.replace(last, tokens=(), ends=())
        return self._hand_on(last, len(held), self._came - self._begin)

    def _before_search(self, delta: TextDelta, hidden: Sequence[tuple[int, int]]) -> int:
        """How many characters that people see of a delta are of tokens that no stop may end in."""
        if delta.completion_tokens <= self._unsearched:
            return len(delta.text) - sum(end - begin for begin, end in hidden)
        tokens = self._unsearched - delta.completion_tokens + len(delta.ends)
        if tokens <= 0 or not delta.ends:
            return 0
        free = delta.ends[tokens - 1]
        return free - sum(end - begin for begin, end in hidden if begin < free)

    def _take_in(self, delta: TextDelta) -> None:
        """Puts a delta's text to what is not handed on yet."""
        for begin, end in delta.specials:
            self._specials.append((self._came + begin, self._came + end))
        self._pieces.append(delta.text)
        self._came += len(delta.text)

    def _hand_on(self, delta: TextDelta, count: int, base: int) -> TextDelta:
        """The delta with the next `count` characters that people see, and the special tokens among them.

        `base` is how many characters of the text before the delta were not handed on yet.
        """
        begin, specials = self._begin, self._specials
        end = begin + count
        spans: list[tuple[int, int]] = []
        while specials and (specials[0][0] < end or (specials[0][0] == end and self._hides_specials)):
            first, last = specials.popleft()
            if self._hides_specials:
                end += last - first
            elif last > end:  # people see it, so a stop may begin amid it
                specials.appendleft((end, last))
                last = end
            spans.append((first - begin, last - begin))
        if end == self._came and not base:
            self._pieces.clear()
            self._begin = end
            return delta
        size = end - begin
        text = ""
        if size:
            whole = "".join(self._pieces)
            text = whole[:size]
            self._pieces = [whole[size:]]
            self._begin = end
        ends = tuple([min(base + at, size) for at in delta.ends])
        return msgspec.structs.replace(delta, text=text, ends=ends, specials=tuple(spans))


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without some parts of it."""
    kept, at = [], 0
    for begin, end in spans:
        kept.append(text[at:begin])
        at = end
    kept.append(text[at:])
    return "".join(kept)


def place_after(hidden: Sequence[tuple[int, int]], count: int) -> int:
    """Where in a text its first `count` characters end that are not in hidden parts."""
    place = count
    for begin, end in hidden:
        if begin >= place:
            break
        place += end - begin
    return place


def stopped(delta: TextDelta, stopped_at: int) -> TextDelta:
    """The last delta, without the tokens after the one that completed the stop."""
    if not delta.ends:
        return msgspec.structs.replace(delta, finish="stop", end="")
    kept = min(len(delta.ends), bisect_left(delta.ends, stopped_at) + 1)
    return msgspec.structs.replace(
        delta,
        finish="stop",
        completion_tokens=delta.completion_tokens - len(delta.ends) + kept,
        ends=delta.ends[:kept] if kept > 1 else (),
        tokens=delta.tokens[:kept],
        end="",
    )
