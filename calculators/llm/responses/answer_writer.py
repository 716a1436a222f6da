"""AnswerWriter: an answer as parts of a response, delta by delta, in whatever form it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from ovpipe.calculators.llm.packets import OutputDelta
from ovpipe.calculators.llm.responses.shared import TokenCounts
from ovpipe.http import ResponseBody, ResponsePart, ResponseStart


class AnswerForm(Protocol):
    """The bytes of an answer, in the form of one API."""

    counts: TokenCounts
    keep_alive: bytes
    """What a silent stream gets; empty for an answer that is none."""

    @property
    def start(self) -> ResponseStart:
        """Read after the first bytes were made."""

    def add(self, delta: OutputDelta, *, last: bool) -> bytes:
        """What one delta adds, the last of all included; it may be nothing."""


class AnswerWriter:
    """Writes one answer. Its ResponseStart comes with the first bytes, and until then an error is a status.

    A stream that has said nothing for `keep_alive_seconds` (0: never) gets its keep-alive with the next delta
    that brings it nothing. `choices` are prompt and choice of each text that has to finish.
    """

    def __init__(
        self,
        answer: AnswerForm,
        choices: Iterable[tuple[int, int]],
        keep_alive_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._answer = answer
        self._unfinished = set(choices)
        self._keep_alive_seconds = keep_alive_seconds if answer.keep_alive else 0
        self._clock = clock
        self._wrote = clock()
        """When something was last written, or the request came."""
        self._started = False

    def write(self, delta: OutputDelta) -> Iterator[ResponsePart]:
        """What one delta adds to the response."""
        unfinished, key = self._unfinished, (delta.prompt, delta.choice)
        if key not in unfinished:
            return
        if delta.finish is not None:
            unfinished.remove(key)
        data = b"" if is_reading(delta) else self._answer.add(delta, last=not unfinished)
        if data or self._is_silent():
            if not self._started:
                self._started = True
                yield self._answer.start
            yield ResponseBody(data or self._answer.keep_alive)
            self._wrote = self._clock()

    def finish(self) -> Iterator[ResponsePart]:
        """Finishes what no delta has finished as "stop", with the last counts seen."""
        for key in sorted(self._unfinished):
            last = self._answer.counts.last_of(key)
            end = msgspec.structs.replace(last, parts=(), tokens=(), finish="stop", prompt_logprobs=())
            yield from self.write(end)

    def _is_silent(self) -> bool:
        seconds = self._keep_alive_seconds
        return bool(seconds) and self._clock() - self._wrote >= seconds


def is_reading(delta: OutputDelta) -> bool:
    """Whether all that it says is that the engine is at work: an answer does not begin with it."""
    brings = delta.completion_tokens or delta.parts or delta.prompt_logprobs
    return not brings and delta.finish is None
