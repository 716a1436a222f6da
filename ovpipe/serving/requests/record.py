"""RequestRecord: what becomes of one request, for metrics, the log and traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any, Final

from aiohttp import web

from ovpipe.runtime.watching.listener import Listener
from ovpipe.serving.admission.prompt_queue import QueuedPrompt
from ovpipe.serving.metrics.generation import GenerationMetrics


class TextRecord:
    """One text that an engine generates for a request; counts in its model's metrics as it comes.

    Times are seconds of `time.perf_counter`. It is on the way of each token: what can wait for the end of the
    request is done there.
    """

    __slots__ = (
        "_asked",
        "_model",
        "_place",
        "begun",
        "cached",
        "ended_at",
        "finish",
        "first",
        "generated",
        "last",
        "max_tokens",
        "prompt",
        "prompt_tokens",
        "queued",
    )

    def __init__(
        self,
        model: GenerationMetrics,
        asked: float,
        prompt: int,
        prompt_tokens: int,
        max_tokens: int,
        waited: float = 0.0,
        place: QueuedPrompt | None = None,
    ) -> None:
        """`place` is that of its prompt in the queue, which is left when the engine reads it."""
        self._model = model
        self._asked = asked
        self._place = place
        self.prompt = prompt
        self.prompt_tokens = prompt_tokens
        self.max_tokens = max_tokens
        self.cached: int | None = None
        self.generated = 0
        self.finish: str | None = None
        self.queued = perf_counter() - waited
        """As if it had waited in one queue; what is between the two is quick."""
        self.begun: float | None = None
        self.first: float | None = None
        self.last = 0.0
        self.ended_at: float | None = None
        model.waiting += 1

    def reading(self) -> None:
        """See `TextMeter`."""
        if self.begun is None and self.ended_at is None:
            self.begun = perf_counter()
            self._model.waiting -= 1
            self._model.running += 1
            self._leave_queue()

    def tokens(self, count: int, cached: int | None) -> None:
        """See `TextMeter`."""
        if not count or self.ended_at is not None:
            return
        model, now = self._model, perf_counter()
        if self.first is None:
            if self.begun is None:
                self.reading()
            self.first = now
            self.cached = cached
            model.time_to_first_token.observe(now - self._asked)
            model.prompt_tokens += self.prompt_tokens
        else:
            model.inter_token_latency.observe(now - self.last)
        self.last = now
        self.generated += count
        model.generation_tokens += count

    def ended(self, finish: str | None) -> None:
        """See `TextMeter`. The first end counts."""
        if self.ended_at is not None:
            return
        self.ended_at = perf_counter()
        self.finish = finish
        if self.begun is None:
            self._model.waiting -= 1
            self._leave_queue()
        else:
            self._model.running -= 1

    def _leave_queue(self) -> None:
        if self._place is not None:
            self._place.leave()

    def count(self, otherwise: str) -> None:
        """The request is over; `otherwise` is why the text ended, where the engine has not finished it."""
        self.ended(None)
        model = self._model
        self.finish = self.finish or otherwise
        model.finished[self.finish] += 1
        if self.finish not in ("stop", "length") or self.first is None or self.begun is None:
            return
        model.queue_time.observe(self.begun - self.queued)
        model.prefill_time.observe(self.first - self.begun)
        model.decode_time.observe(self.last - self.first)
        model.inference_time.observe(self.last - self.begun)
        model.e2e_latency.observe(self.last - self._asked)
        if self.generated > 1:
            model.time_per_output_token.observe((self.last - self.first) / (self.generated - 1))
        model.request_prompt_tokens.observe(self.prompt_tokens)
        model.request_generation_tokens.observe(self.generated)
        model.request_computed_tokens.observe(self.prompt_tokens - (self.cached or 0))
        model.request_max_tokens.observe(self.max_tokens)


class RequestRecord:
    """What a request asked for, what it came to, and the texts that were generated for it; a `Meter`."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.began = perf_counter()
        self.endpoint = ""
        """The path of its route; empty where there is none."""
        self.model = ""
        """Empty as long as there is no such model."""
        self.graph = ""
        """The name of the model's graph that it runs on; empty before that."""
        self.status = 0
        self.reason: str | None = None
        """The code of the error that refused it before its answer began."""
        self.texts: list[TextRecord] = []
        self.enter_prompt: Callable[[int], QueuedPrompt] | None = None
        """Has the tokens of a prompt wait for the engine; raises RequestError 429 when too many do."""
        self._prompts: dict[int, QueuedPrompt] = {}
        self.generation: GenerationMetrics | None = None
        """Those of the model."""
        self.ended_at: float | None = None
        self.waited = 0.0
        """Seconds before its model had a place for it."""
        self.trace_id: str | None = None
        self.listener: Listener | None = None
        """What hears of its run, where it is traced."""

    @contextmanager
    def waiting_for_turn(self) -> Iterator[None]:
        """It waits for a place at its model, before the engine's own queue; both are one in the metrics."""
        assert self.generation is not None, "its model is known"
        began = perf_counter()
        self.generation.waiting += 1
        try:
            yield
        finally:
            self.generation.waiting -= 1
            self.waited = perf_counter() - began

    def text(self, prompt: int, prompt_tokens: int, max_tokens: int) -> TextRecord:
        """See `Meter`. A prompt of several texts waits once."""
        assert self.generation is not None, "a run is one of a model"
        if max_tokens and self.enter_prompt is not None and prompt not in self._prompts:
            self._prompts[prompt] = self.enter_prompt(prompt_tokens)
        place = self._prompts.get(prompt)
        text = TextRecord(self.generation, self.began, prompt, prompt_tokens, max_tokens, self.waited, place)
        self.texts.append(text)
        return text

    @property
    def prompt_tokens(self) -> int:
        """The tokens of its prompts, each counted once."""
        return sum({text.prompt: text.prompt_tokens for text in self.texts}.values())

    @property
    def generated_tokens(self) -> int:
        """The tokens of all its texts."""
        return sum(text.generated for text in self.texts)

    @property
    def cached_tokens(self) -> int | None:
        """The tokens of its prompts that stood in the cache; None: not known."""
        known = {text.prompt: text.cached for text in self.texts if text.cached is not None}
        return sum(known.values()) if known else None

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds from its headers to the first token of any text."""
        return min((text.first - self.began for text in self.texts if text.first is not None), default=None)

    def end(self) -> None:
        """It is over, and its status is known."""
        self.ended_at = perf_counter()
        otherwise = "stop" if self.status < 400 else "abort" if self.status == CLIENT_LEFT else "error"
        for text in self.texts:
            text.count(otherwise)
        if self.generation is not None and self.texts:
            longest = max(text.generated for text in self.texts)
            self.generation.request_max_generation_tokens.observe(longest)

    @property
    def seconds(self) -> float:
        """From its headers to its end, or until now."""
        return (self.ended_at or perf_counter()) - self.began

    def facts(self) -> dict[str, Any]:
        """What is known of it, by name, as the log has it: tokens and times where texts were generated."""
        facts: dict[str, Any] = {
            "trace_id": self.trace_id,
            "model": self.model,
            "graph": self.graph,
            "error": self.reason,
        }
        if self.texts:
            facts |= {
                "prompt_tokens": self.prompt_tokens,
                "cached_tokens": self.cached_tokens,
                "completion_tokens": self.generated_tokens,
                "finish_reason": ",".join(text.finish or "" for text in self.texts),
                "ttft": self.time_to_first_token,
            }
        facts["duration"] = self.seconds
        return {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in facts.items()
            if value not in (None, "")
        }


RECORD: Final = web.RequestKey[RequestRecord]("record")
"""Where a request keeps its record."""
CLIENT_LEFT = 499
"""nginx's status for an answer that found nobody; only metrics and the log show it."""
