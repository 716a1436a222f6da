"""Which requests a core takes. Each other one, let through, would hang, crash or poison openvino-genai."""

from __future__ import annotations

import math
from math import ceil
from typing import Final

from ovpipe.engines.protocol import BeamSearch, EngineInfo, GenerateRequest, RequestRefused, SamplingParams

_LARGEST_FLOAT32 = 3.4028234e38

_ASKS_NOTHING: Final = SamplingParams(max_tokens=1)

_SPECULATION: Final = ("num_assistant_tokens", "assistant_confidence_threshold", "max_ngram_size")

_CAPABILITIES: Final = {
    name: {"beams": "use_beam_search", "grammar": "structured_outputs"}.get(name, name)
    for name in SamplingParams.__struct_fields__
    if name not in ("max_tokens", *_SPECULATION)
}
"""What an engine must be able to do, by the parameter of a sampling that asks for it."""


def check_request(request: GenerateRequest, info: EngineInfo) -> None:
    """Raises `RequestRefused` when the engine can never serve this request, busy or idle."""
    sampling = request.sampling
    _check_sampling(sampling, info)
    if sampling.grammar is not None:
        _check_grammar(sampling)
    if sampling.beams is not None:
        _check_beams(sampling, sampling.beams, info)
    _check_speculation(sampling, info)
    _check_capabilities(request, info)
    _check_prompt(request.prompt, info)
    prompt, completion = len(request.prompt), sampling.max_tokens
    wanted = f"the prompt has {prompt} tokens and max_tokens is {completion}: {prompt + completion} in all"
    if info.context_length is not None and prompt + completion > info.context_length:
        raise RequestRefused(f"{wanted}, and the model's context holds {info.context_length}")
    # Measured: one token more would fit, since the last one is never written to the cache. The one after
    # that ends as IGNORED, and takes requests along that run beside it.
    if prompt + completion > info.cache_tokens:
        raise RequestRefused(f"{wanted}, and the engine's whole KV cache holds {info.cache_tokens}")
    needed = blocks_needed(prompt, sampling, info.block_size)
    if sampling.beams is not None and needed > info.num_kv_blocks:
        raise RequestRefused(
            f"{wanted}; {sampling.beams.width} beams of that may take {needed} blocks of KV cache, and the "
            f"engine has {info.num_kv_blocks}"
        )


def blocks_needed(prompt_tokens: int, sampling: SamplingParams, block_size: int) -> int:
    """Blocks of KV cache that a request takes when it has all its tokens.

    Beams share the prompt's full blocks and, at worst, nothing else. Measured: so many are enough, and
    beams that part early use them all.
    """
    longest = ceil((prompt_tokens + sampling.max_tokens) / block_size)
    if sampling.beams is None:
        return longest
    shared = prompt_tokens // block_size
    return shared + sampling.beams.width * (longest - shared)


def _check_capabilities(request: GenerateRequest, info: EngineInfo) -> None:
    """Nothing that is asked for is passed over in silence."""
    asked = [
        capability
        for name, capability in _CAPABILITIES.items()
        if getattr(request.sampling, name) != getattr(_ASKS_NOTHING, name)
    ]
    if request.priority:
        asked.append("priority")
    for capability in asked:
        if capability not in info.capabilities:
            raise RequestRefused(f"this engine, as it was loaded, has no {capability}", param=capability)


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


def _check_sampling(sampling: SamplingParams, info: EngineInfo) -> None:
    if sampling.max_tokens < 1:
        raise RequestRefused(f"max_tokens is {sampling.max_tokens}; at least 1 is needed")
    if not 0 <= sampling.min_tokens <= sampling.max_tokens:
        raise RequestRefused(
            f"min_tokens is {sampling.min_tokens}; it must be 0 to max_tokens, which is {sampling.max_tokens}"
        )
    if not (math.isfinite(sampling.temperature) and 0 <= sampling.temperature <= _LARGEST_FLOAT32):
        raise RequestRefused(f"temperature is {sampling.temperature}; it must be finite and not negative")
    if not 0 < sampling.top_p <= 1:
        raise RequestRefused(f"top_p is {sampling.top_p}; it must be above 0 and at most 1")
    if sampling.top_k != -1 and sampling.top_k < 1:
        raise RequestRefused(f"top_k is {sampling.top_k}; it must be at least 1, or -1 for all tokens")
    if not 0 <= sampling.min_p < 1:
        raise RequestRefused(f"min_p is {sampling.min_p}; it must be at least 0 and below 1")
    if not 0 < sampling.repetition_penalty <= _LARGEST_FLOAT32:
        raise RequestRefused(
            f"repetition_penalty is {sampling.repetition_penalty}; it must be finite and above 0"
        )
    for name in ("frequency_penalty", "presence_penalty"):
        if not -2 <= getattr(sampling, name) <= 2:
            raise RequestRefused(f"{name} is {getattr(sampling, name)}; it must be -2 to 2")
    for token in sampling.stop_token_ids:  # with min_tokens, one out of range kills the process
        if not 0 <= token < info.vocab_size:
            raise RequestRefused(f"stop_token_ids has {token}; ids are 0 to {info.vocab_size - 1}")


def _check_grammar(sampling: SamplingParams) -> None:
    """A grammar ends by the end of sequence. When that is kept away, genai goes on with any text."""
    if sampling.ignore_eos:
        raise RequestRefused("a text that follows a grammar cannot ignore its end (ignore_eos)")
    if sampling.min_tokens:
        raise RequestRefused("a text that follows a grammar ends when the grammar does, not at min_tokens")


def _check_beams(sampling: SamplingParams, beams: BeamSearch, info: EngineInfo) -> None:
    """What a beam search cannot have: genai refuses some of it and passes over the rest in silence.

    An engine with the feature `penalised_beams` has these of its own right, but for the grammar.
    """
    most = min(info.max_num_seqs, info.max_num_batched_tokens)
    if not 1 <= beams.width <= most:
        raise RequestRefused(f"a beam search has {beams.width} beams; the engine takes 1 to {most}")
    if beams.groups < 1 or beams.width % beams.groups:
        raise RequestRefused(
            f"{beams.width} beams cannot be divided into {beams.groups} groups of the same size"
        )
    for name in ("length_penalty", "diversity_penalty"):
        if not abs(getattr(beams, name)) <= _LARGEST_FLOAT32:
            raise RequestRefused(f"{name} is {getattr(beams, name)}; it must be finite")
    if beams.groups > 1 and beams.diversity_penalty == 0:
        raise RequestRefused("groups of beams need a diversity_penalty other than 0 to keep them apart")
    without = {"grammar": None, **dict.fromkeys(_SPECULATION)}
    if "penalised_beams" not in info.capabilities:
        without |= {
            "min_tokens": 0,
            "repetition_penalty": 1,
            "frequency_penalty": 0,
            "presence_penalty": 0,
        }
    for name, neutral in without.items():
        if getattr(sampling, name) != neutral:
            raise RequestRefused(
                f"a beam search cannot have a {name}: this engine would ignore it", param=name
            )


def _check_speculation(sampling: SamplingParams, info: EngineInfo) -> None:
    tokens, threshold = sampling.num_assistant_tokens, sampling.assistant_confidence_threshold
    ngram = sampling.max_ngram_size
    if info.speculation is None:
        for name in _SPECULATION:  # with a threshold, it would never end
            if getattr(sampling, name) is not None:
                raise RequestRefused(
                    f"this engine does no speculative decoding, so it takes no {name}", param=name
                )
        return
    for name, value in (("num_assistant_tokens", tokens), ("max_ngram_size", ngram)):
        if value is not None and not 1 <= value < 2**63:
            raise RequestRefused(f"{name} is {value}; at least 1 is needed")
    if threshold is not None:
        if not 0 < threshold <= 1:
            raise RequestRefused(
                f"assistant_confidence_threshold is {threshold}; it must be above 0 and at most 1"
            )
        if tokens is not None:
            raise RequestRefused(
                "num_assistant_tokens and assistant_confidence_threshold exclude each other; give one"
            )
        if info.speculation == "prompt_lookup":
            raise RequestRefused("assistant_confidence_threshold is for engines with a draft model")
    if ngram is not None and info.speculation == "draft_model":
        raise RequestRefused("max_ngram_size is for engines with prompt lookup")
