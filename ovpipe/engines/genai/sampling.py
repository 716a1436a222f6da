"""Sampling parameters in openvino-genai's words."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import msgspec
import openvino_genai

from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.protocol import BeamSearch, Grammar, SamplingParams

_GREEDY_BELOW = 1e-6
"""Temperatures under this pick the likeliest token anyway, and would be 0 in float32 soon after."""

_GOLDEN = 0x9E3779B1
"""2**32 by the golden ratio: neighbours that it multiplies are far from each other."""
_ASSISTANT_TOKENS = 5
_NGRAM_SIZE = 3

_FIELD_OF_GRAMMAR = {
    "ebnf": "grammar",
    # As a string it takes xgrammar's own JSON, {"type": "structural_tag", "format": {...}}.
    "structural_tag": "structural_tags_config",
}


class SpeculativeDecoding(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens of one request are drafted ahead; a field that does not apply is None.

    An engine that drafts needs these of every request: without them a draft model's pipeline throws in
    step(), and with a threshold but no draft model a request never ends.
    """

    num_assistant_tokens: int | None = None
    assistant_confidence_threshold: float | None = None
    max_ngram_size: int | None = None

    @classmethod
    def of(cls, sampling: SamplingParams, options: GenaiOptions) -> SpeculativeDecoding:
        """What the request says, then what the options say, then the defaults."""
        if options.speculation is None:
            return cls()
        tokens, threshold = sampling.num_assistant_tokens, sampling.assistant_confidence_threshold
        if tokens is None and threshold is None:
            tokens, threshold = options.num_assistant_tokens, options.assistant_confidence_threshold
        if threshold is not None:
            return cls(assistant_confidence_threshold=threshold)
        # More than fit into a batch beside the token itself make genai generate beyond max_new_tokens.
        most = max(1, min(options.max_num_batched_tokens - 1, sampling.max_tokens))
        tokens = min(tokens or _ASSISTANT_TOKENS, most)
        if options.speculation == "draft_model":
            return cls(num_assistant_tokens=tokens)
        ngram = sampling.max_ngram_size or options.max_ngram_size or _NGRAM_SIZE
        return cls(num_assistant_tokens=tokens, max_ngram_size=ngram)


def generation_config(
    sampling: SamplingParams,
    *,
    eos_ids: Set[int],
    vocab_size: int,
    seed: int,
    generated: int,
    speculation: SpeculativeDecoding,
) -> Any:
    """The config of a request of which `generated` tokens are part of the prompt already."""
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = sampling.max_tokens - generated
    config.min_new_tokens = max(0, sampling.min_tokens - generated)
    _end(config, sampling, eos_ids, vocab_size)
    config.logprobs = int(sampling.logprobs)
    config.repetition_penalty = sampling.repetition_penalty
    config.frequency_penalty = sampling.frequency_penalty
    config.presence_penalty = sampling.presence_penalty
    if sampling.beams is not None:
        _search(config, sampling.beams)
    elif samples(sampling):
        config.do_sample = True
        config.temperature = sampling.temperature
        config.top_p = sampling.top_p
        config.min_p = sampling.min_p
        if sampling.top_k != -1:
            config.top_k = sampling.top_k
        config.rng_seed = in_32_bits(seed)
    if sampling.grammar is not None:
        config.structured_output_config = _grammar(sampling.grammar)
    if speculation.num_assistant_tokens is not None:
        config.num_assistant_tokens = speculation.num_assistant_tokens
    if speculation.assistant_confidence_threshold is not None:
        config.assistant_confidence_threshold = speculation.assistant_confidence_threshold
    if speculation.max_ngram_size is not None:
        config.max_ngram_size = speculation.max_ngram_size
    return config


def in_32_bits(seed: int) -> int:
    """A seed of 64 bits, with a sign or without, in those that genai uses; what fits stays as it is."""
    return (seed + (seed >> 32) * _GOLDEN) % 2**32


def samples(sampling: SamplingParams) -> bool:
    """Whether chance has a part in the text, and so the seed."""
    return sampling.beams is None and sampling.temperature >= _GREEDY_BELOW


def _end(config: Any, sampling: SamplingParams, eos_ids: Set[int], vocab_size: int) -> None:
    """What ends the text, apart from its length."""
    if not sampling.ignore_eos:
        # genai honours a list in generation_config.json, and nothing that config.json says.
        config.stop_token_ids = {*eos_ids, *sampling.stop_token_ids}
    elif sampling.stop_token_ids:
        # With genai's own ignore_eos these were ignored, too. Instead one of them takes the place of the
        # end of sequence, which genai fills with the model's own where it is empty.
        config.stop_token_ids = set(sampling.stop_token_ids)
        config.set_eos_token_id(sampling.stop_token_ids[0])
    elif sampling.beams is not None:
        # A beam search does not look at ignore_eos. It takes for the end what no model generates;
        # with min_new_tokens, which is refused here, such an id would be read out of bounds.
        config.set_eos_token_id(vocab_size)
    else:
        config.ignore_eos = True


def _search(config: Any, beams: BeamSearch) -> None:
    config.num_beams = config.num_return_sequences = beams.width
    config.length_penalty = beams.length_penalty
    criteria = openvino_genai.StopCriteria
    config.stop_criteria = {
        True: criteria.EARLY,
        False: criteria.HEURISTIC,
        "never": criteria.NEVER,
    }[beams.early_stopping]
    config.logprobs = 1  # a search of one beam is a greedy one, whose score we reckon
    if beams.groups > 1:  # genai refuses a penalty where there is nothing to keep apart
        config.num_beam_groups = beams.groups
        config.diversity_penalty = beams.diversity_penalty


def _grammar(grammar: Grammar) -> Any:
    config = openvino_genai.StructuredOutputConfig()
    given = as_rules(grammar)
    setattr(config, _FIELD_OF_GRAMMAR[given.kind], given.text)
    return config
