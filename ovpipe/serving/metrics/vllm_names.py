"""The metrics that have vLLM's names. A name is here only where it means the same.

The tables are what the page of metrics and its documentation are made of.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class VllmMetric(NamedTuple):
    """One metric by vLLM's name, without its prefix."""

    name: str
    kind: Kind
    meaning: str
    source: str
    """The attribute of GenerationMetrics; of an engine's, the name among its side packet's metrics."""
    label: str | None = None
    """One that it has beside LABELS."""

    @property
    def full_name(self) -> str:
        """As Prometheus has it, without the ending of a counter."""
        return f"vllm:{self.name}"


OF_TEXTS: Final = (
    VllmMetric("num_requests_running", "gauge", "texts whose prompt the engine has begun to read", "running"),
    VllmMetric(
        "num_requests_waiting",
        "gauge",
        "requests that wait for a place at the model, and texts that wait in the engine's queue",
        "waiting",
    ),
    VllmMetric("prompt_tokens", "counter", "tokens of prompts whose text has begun", "prompt_tokens"),
    VllmMetric("generation_tokens", "counter", "generated tokens", "generation_tokens"),
    VllmMetric(
        "request_success",
        "counter",
        "texts that ended, by reason: stop, length, abort (the client left), error",
        "finished",
        "finished_reason",
    ),
    VllmMetric(
        "time_to_first_token_seconds",
        "histogram",
        "from the request's headers to a text's first token",
        "time_to_first_token",
    ),
    VllmMetric(
        "inter_token_latency_seconds",
        "histogram",
        "between two arrivals of tokens of a text; tokens that come together are one arrival",
        "inter_token_latency",
    ),
    VllmMetric(
        "time_per_output_token_seconds",
        "histogram",
        "the same by its older name",
        "inter_token_latency",
    ),
    VllmMetric(
        "request_time_per_output_token_seconds",
        "histogram",
        "a text's mean time from token to token",
        "time_per_output_token",
    ),
    VllmMetric(
        "e2e_request_latency_seconds",
        "histogram",
        "from the request's headers to a text's last token",
        "e2e_latency",
    ),
    VllmMetric(
        "request_queue_time_seconds",
        "histogram",
        "a text's time before a place at the model and in the engine's queue",
        "queue_time",
    ),
    VllmMetric(
        "request_prefill_time_seconds",
        "histogram",
        "from the end of the queue to the first token",
        "prefill_time",
    ),
    VllmMetric("request_decode_time_seconds", "histogram", "from the first token to the last", "decode_time"),
    VllmMetric(
        "request_inference_time_seconds",
        "histogram",
        "from the end of the queue to the last token",
        "inference_time",
    ),
    VllmMetric("request_prompt_tokens", "histogram", "tokens of a text's prompt", "request_prompt_tokens"),
    VllmMetric("request_generation_tokens", "histogram", "tokens of a text", "request_generation_tokens"),
    VllmMetric(
        "request_max_num_generation_tokens",
        "histogram",
        "tokens of a request's longest text",
        "request_max_generation_tokens",
    ),
    VllmMetric(
        "request_prefill_kv_computed_tokens",
        "histogram",
        "tokens of a text's prompt that did not stand in the cache",
        "request_computed_tokens",
    ),
    VllmMetric(
        "request_params_max_tokens", "histogram", "the most tokens that a text may have", "request_max_tokens"
    ),
)
"""Counted here, for each model."""

OF_ENGINES: Final = (
    VllmMetric(
        "kv_cache_usage_perc", "gauge", "part of the KV cache in use, 0 to 1", "engine_kv_cache_usage"
    ),
    VllmMetric("gpu_cache_usage_perc", "gauge", "the same by its older name", "engine_kv_cache_usage"),
    VllmMetric(
        "prefix_cache_queries",
        "counter",
        "tokens of prompts that were looked up in the cache (core `graph`)",
        "engine_prefix_cache_queries_total",
    ),
    VllmMetric(
        "prefix_cache_hits",
        "counter",
        "of these, the tokens that stood in it",
        "engine_prefix_cache_hits_total",
    ),
    VllmMetric(
        "gpu_prefix_cache_queries",
        "counter",
        "the queries by their older name",
        "engine_prefix_cache_queries_total",
    ),
    VllmMetric(
        "gpu_prefix_cache_hits", "counter", "the hits by their older name", "engine_prefix_cache_hits_total"
    ),
    VllmMetric(
        "num_preemptions",
        "counter",
        "how often a text gave up its cache for another (core `graph`)",
        "engine_preemptions_total",
    ),
    VllmMetric(
        "spec_decode_num_draft_tokens",
        "counter",
        "guesses of tokens that the model has read (core `graph`)",
        "engine_drafted_tokens_total",
    ),
    VllmMetric(
        "spec_decode_num_accepted_tokens",
        "counter",
        "of these, the guesses that were right",
        "engine_accepted_tokens_total",
    ),
)
"""Of the engines among a model's side packets. One that models share stands under each one's name."""

LABELS: Final = ("model_name", "engine")
