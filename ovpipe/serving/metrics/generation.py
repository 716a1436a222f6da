"""GenerationMetrics: what a model has generated, counted on the way of the tokens."""

from __future__ import annotations

from typing import Final

from ovpipe.serving.metrics.histogram import Histogram

FIRST_TOKEN_SECONDS: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0),
)
TOKEN_SECONDS: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5),
    *(10.0, 20.0, 40.0, 80.0),
)
REQUEST_SECONDS: Final = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    *(120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0),
)
TOKENS: Final = tuple(float(digit * 10**zeros) for zeros in range(6) for digit in (1, 2, 5))
"""vLLM ends them at the context's length. These are the same for all models, so that they can be added up."""

FINISH_REASONS: Final = ("stop", "length", "abort", "error")
"""vLLM's: `abort` when the client has left, `error` when the request has failed."""


class GenerationMetrics:
    """Counts of one model. A text is what is one request to the engine: each choice, each candidate."""

    def __init__(self) -> None:
        self.waiting = 0
        self.running = 0
        self.prompt_tokens = 0
        self.generation_tokens = 0
        self.finished = dict.fromkeys(FINISH_REASONS, 0)
        self.time_to_first_token = Histogram(FIRST_TOKEN_SECONDS)
        self.inter_token_latency = Histogram(TOKEN_SECONDS)
        self.time_per_output_token = Histogram(TOKEN_SECONDS)
        self.e2e_latency = Histogram(REQUEST_SECONDS)
        self.queue_time = Histogram(REQUEST_SECONDS)
        self.prefill_time = Histogram(REQUEST_SECONDS)
        self.decode_time = Histogram(REQUEST_SECONDS)
        self.inference_time = Histogram(REQUEST_SECONDS)
        self.request_prompt_tokens = Histogram(TOKENS)
        self.request_generation_tokens = Histogram(TOKENS)
        self.request_computed_tokens = Histogram(TOKENS)
        self.request_max_generation_tokens = Histogram(TOKENS)
        self.request_max_tokens = Histogram(TOKENS)
