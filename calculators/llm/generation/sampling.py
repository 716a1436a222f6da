"""A request's parameters in the engine's form, checked against what the engine can hold."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.generation.token_limits import allowed_of, bias_of
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt
from ovpipe.calculators.llm.parameters.context_room import ContextRoom
from ovpipe.engines.protocol import BeamSearch, EngineInfo, SamplingParams
from ovpipe.errors import RequestError

UINT64: Final = 2**64 - 1
LEAST: Final = 1e-6
"""Engines compute with 32-bit floats, where a smaller top_p or penalty may be 0 and then divides by it."""


def sampling_of(
    request: ChatRequest | CompletionRequest,
    prompt: Prompt,
    info: EngineInfo,
    choice: int = 0,
    *,
    logprobs: bool = False,
    bad_words: tuple[tuple[int, ...], ...] = (),
) -> SamplingParams:
    """The engine's parameters for one choice; raises RequestError 400 when the request does not fit.

    Each choice has a seed of its own, so that the first has the text that a request for it alone would get.
    """
    # An engine that only reads a prompt generates a token all the same, which ChoiceRequest drops.
    max_tokens = max(1, max_tokens_of(request, len(prompt.tokens), info))
    beams = None
    if request.use_beam_search:
        beams = BeamSearch(
            width=request.best_of,
            groups=request.num_beam_groups,
            length_penalty=request.length_penalty,
            diversity_penalty=request.diversity_penalty,
            early_stopping=request.early_stopping,
        )
    return SamplingParams(
        max_tokens=max_tokens,
        min_tokens=min(request.min_tokens, max_tokens),
        temperature=request.temperature if request.top_p > 0 else 0.0,
        top_p=max(request.top_p, LEAST),
        top_k=request.top_k if request.top_k > 0 else -1,
        min_p=request.min_p,
        repetition_penalty=max(request.repetition_penalty, LEAST),
        frequency_penalty=request.frequency_penalty,
        presence_penalty=request.presence_penalty,
        seed=None if request.seed is None else seed_of(request.seed, choice),
        ignore_eos=request.ignore_eos,
        stop_token_ids=request.stop_token_ids,
        logprobs=logprobs or request.logprobs,
        # Of an engine without it only a completion's `logprobs: 1` comes so far: the token itself is listed.
        top_logprobs=(request.top_logprobs or 0) if "top_logprobs" in info.capabilities else 0,
        prompt_logprobs=request.prompt_top,
        logit_bias=bias_of(request.logit_bias, info.vocab_size),
        allowed_token_ids=allowed_of(request.allowed_token_ids, info.vocab_size),
        bad_words=bad_words,
        logits_processors=dict(request.logits_processors),
        beams=beams,
        grammar=request.grammar,
        num_assistant_tokens=request.num_assistant_tokens,
        assistant_confidence_threshold=request.assistant_confidence_threshold,
        max_ngram_size=request.max_ngram_size,
    )


def seed_of(seed: int, choice: int) -> int:
    """The seed of a choice: those of the next ones follow, and after the greatest comes 0."""
    following = seed + choice
    return following if following <= UINT64 else following - UINT64 - 1


def max_tokens_of(request: ChatRequest | CompletionRequest, prompt_tokens: int, info: EngineInfo) -> int:
    """How many tokens to generate: what the request says, or else what context, cache and limit leave."""
    where = "prompt" if isinstance(request, CompletionRequest) else request.named("messages")
    if not info.dynamic_split_fuse and prompt_tokens > info.max_num_batched_tokens:
        raise RequestError(
            400,
            f"This server reads prompts of at most {info.max_num_batched_tokens} tokens. However, your "
            f"{where} resulted in {prompt_tokens} tokens. Please reduce the length of the {where}.",
            code="context_length_exceeded",
            param=where,
        )
    room = ContextRoom.of(info)
    room.check(prompt_tokens, where)
    limit = room.tokens
    asked = request.explicit_limit
    if asked is None:
        left = limit - prompt_tokens
        if request.use_beam_search:
            left = max(1, min(left, room_of_a_beam(prompt_tokens, request.best_of, info)))
        return left if request.default_max_tokens is None else min(left, request.default_max_tokens)
    if prompt_tokens + asked > limit:
        raise RequestError(
            400,
            f"{room.what} {limit} tokens. However, you requested {prompt_tokens + asked} tokens "
            f"({prompt_tokens} in the {where}, {asked} in the completion). "
            f"Please reduce the length of the {where} or completion.",
            code="context_length_exceeded",
            param=request.limit_parameter,
        )
    return asked


def room_of_a_beam(prompt_tokens: int, width: int, info: EngineInfo) -> int:
    """How many tokens each beam may have: beams share the prompt's full blocks of the cache and no others."""
    shared = prompt_tokens // info.block_size
    longest = shared + (info.num_kv_blocks - shared) // width
    return longest * info.block_size - prompt_tokens
