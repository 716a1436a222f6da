"""AnswerSerializer: what the nodes that write answers have in common, whatever the API."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import GenerationRequest, OutputDelta, Prompts
from ovpipe.calculators.llm.responses.answer_writer import AnswerForm, AnswerWriter
from ovpipe.http import ResponsePart
from ovpipe.ports import Input, Output, SideInput

Request = TypeVar("Request", bound=GenerationRequest)


class AnswerSerializer(Calculator):
    """Writes an answer delta by delta. A subclass begins one with each request, in its API's form.

    A choice that ends without a finish, because a node before it said done, is finished as "stop". An answer
    that was broken off is not: it is not whole.
    """

    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponsePart](streaming=True)
    clock = SideInput[Callable[[], float]](optional=True)

    def __init__(self, *, keep_alive_seconds: float = 5.0) -> None:
        if not 0 <= keep_alive_seconds < float("inf"):
            raise ValueError(
                f"keep_alive_seconds is {keep_alive_seconds}; it must be 0 (off) or above, and finite"
            )
        self._keep_alive = keep_alive_seconds
        self._writer: AnswerWriter | None = None

    def begin(self, cx: Context, request: GenerationRequest, answer: AnswerForm) -> None:
        """An answer begins; what is left of one before it in this run is finished first."""
        self.close(cx)
        clock = cx.get(self.clock) or time.monotonic
        self._writer = AnswerWriter(answer, request.choices, self._keep_alive, clock)

    def write(self, cx: Context) -> None:
        """Sends what the delta, if there is one, adds to the response."""
        delta = cx.get(self.parsed)
        if delta is not None:
            assert self._writer is not None, "the request comes before the first delta, or with it"
            for part in self._writer.write(delta):
                cx.send(self.response, part)

    def close(self, cx: Context) -> None:
        """Finishes what no delta has finished."""
        if self._writer is not None and not cx.aborted:
            for part in self._writer.finish():
                cx.send(self.response, part)


def with_ignored(request: Request, prompts: Prompts | None) -> Request:
    """The request with what its prompt had no place for among what is ignored."""
    if prompts is None or not prompts.ignored:
        return request
    return msgspec.structs.replace(request, ignored=(*request.ignored, *prompts.ignored))
