"""Which requests a core takes. Each of these, let through, would hang, crash or poison openvino-genai."""

from __future__ import annotations

import math

from ovpipe.engines.protocol import EngineInfo, GenerateRequest, RequestRefused, SamplingParams

_LARGEST_FLOAT32 = 3.4028234e38


def check_request(request: GenerateRequest, info: EngineInfo) -> None:
    """Raises `RequestRefused` when the engine can never serve this request, busy or idle."""
    _check_sampling(request.sampling)
    _check_prompt(request.prompt, info)
    prompt, completion = len(request.prompt), request.sampling.max_tokens
    wanted = f"the prompt has {prompt} tokens and max_tokens is {completion}: {prompt + completion} in all"
    if info.context_length is not None and prompt + completion > info.context_length:
        raise RequestRefused(f"{wanted}, and the model's context holds {info.context_length}")
    # Measured: one token more would fit, since the last one is never written to the cache. The one after
    # that ends as IGNORED, and takes requests along that run beside it.
    if prompt + completion > info.cache_tokens:
        raise RequestRefused(f"{wanted}, and the engine's whole KV cache holds {info.cache_tokens}")


def _check_prompt(prompt: list[int], info: EngineInfo) -> None:
    if not prompt:
        raise RequestRefused("the prompt has no tokens")
    lowest, highest = min(prompt), max(prompt)
    if lowest < 0 or highest >= info.vocab_size:
        stranger = lowest if lowest < 0 else highest
        raise RequestRefused(f"the prompt has token id {stranger}; ids are 0 to {info.vocab_size - 1}")
    if not info.dynamic_split_fuse and len(prompt) > info.max_num_batched_tokens:
        raise RequestRefused(
            f"the prompt has {len(prompt)} tokens; without dynamic_split_fuse the engine takes "
            f"max_num_batched_tokens at most, which is {info.max_num_batched_tokens}"
        )


def _check_sampling(sampling: SamplingParams) -> None:
    if sampling.max_tokens < 1:
        raise RequestRefused(f"max_tokens is {sampling.max_tokens}; at least 1 is needed")
    if not (math.isfinite(sampling.temperature) and 0 <= sampling.temperature <= _LARGEST_FLOAT32):
        raise RequestRefused(f"temperature is {sampling.temperature}; it must be finite and not negative")
    if not 0 < sampling.top_p <= 1:
        raise RequestRefused(f"top_p is {sampling.top_p}; it must be above 0 and at most 1")
    if sampling.top_k != -1 and sampling.top_k < 1:
        raise RequestRefused(f"top_k is {sampling.top_k}; it must be at least 1, or -1 for all tokens")
    if not 0 < sampling.repetition_penalty <= _LARGEST_FLOAT32:
        raise RequestRefused(
            f"repetition_penalty is {sampling.repetition_penalty}; it must be finite and above 0"
        )
