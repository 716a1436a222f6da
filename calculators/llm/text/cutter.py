"""Cutter: one answer up to its first stop string, delta by delta."""

from __future__ import annotations

import msgspec

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    CompletionRequest,
    Content,
    OutputDelta,
    Part,
)
from ovpipe.calculators.llm.text.stop_matcher import StopMatcher


class Cutter:
    """The answer of one choice, up to its stop.

    A stop is looked for in the content alone: not in thoughts, not in what a call was written in, and not
    across either. No stop ends before the last of the first `min_tokens` tokens. What is handed on, joined,
    does not depend on how the tokens came in deltas. Time is linear in the text.
    """

    def __init__(self, request: ChatRequest | CompletionRequest) -> None:
        self.stopped = False
        self._matcher = StopMatcher(request.stop)
        self._include = request.include_stop_str_in_output
        self._unsearched = request.min_tokens - 1
        self._chooses_calls = not isinstance(request, ChatRequest) or request.tool_choice.mode != "named"
        self._called = False
        self._last: OutputDelta | None = None

    def cut(self, delta: OutputDelta) -> OutputDelta:
        """What of a delta is certain to be before a stop."""
        self._last = delta if delta.finish is None else None
        kept: list[Part] = []
        read = 0
        for part in delta.parts:
            if not isinstance(part, Content):
                say(kept, self._matcher.flush())
                kept.append(part)
                self._called = self._called or isinstance(part, CalledTool)
                continue
            free = min(max(self._before_search(delta) - read, 0), len(part.text))
            say(kept, part.text[:free] + self._matcher.push(part.text[free:]))
            stopped_at = self._matcher.stopped_at
            if stopped_at is not None:
                say(kept, self._matcher.stop if self._include else "")
                return self._stopped(delta, kept, read + free + stopped_at)
            read += len(part.text)
        if delta.finish is not None:
            say(kept, self._matcher.flush())
        parts = tuple(kept)
        if not delta.ends and parts == delta.parts:
            return delta
        return msgspec.structs.replace(delta, parts=parts, ends=())

    def rest(self) -> OutputDelta | None:
        """What was held back, when the text has ended without a finish."""
        last, held = self._last, self._matcher.flush()
        if last is None or not held:
            return None
        return msgspec.structs.replace(last, parts=(Content(held),), tokens=(), ends=(), prompt_logprobs=())

    def _before_search(self, delta: OutputDelta) -> int:
        """How many characters of a delta's content are of tokens that no stop may end in."""
        if delta.ends:
            return max((at for at, tokens in delta.ends if tokens <= self._unsearched), default=0)
        if delta.completion_tokens > self._unsearched:
            return 0
        return sum(len(part.text) for part in delta.parts if isinstance(part, Content))

    def _stopped(self, delta: OutputDelta, kept: list[Part], place: int) -> OutputDelta:
        """The last delta, without the tokens after the one that completed the stop."""
        self.stopped = True
        self._last = None
        billed = next((tokens for at, tokens in delta.ends if at >= place), delta.completion_tokens)
        return msgspec.structs.replace(
            delta,
            parts=tuple(kept),
            completion_tokens=billed,
            finish="tool_calls" if self._called and self._chooses_calls else "stop",
            reasoning_tokens=min(delta.reasoning_tokens, billed),
            tokens=delta.tokens[: max(0, len(delta.tokens) - delta.completion_tokens + billed)],
            ends=(),
            matched_stop=self._matcher.stop,
        )


def say(parts: list[Part], text: str) -> None:
    """Adds text of the answer."""
    if not text:
        return
    if parts and isinstance(last := parts[-1], Content):
        text = last.text + text
        parts.pop()
    parts.append(Content(text))
