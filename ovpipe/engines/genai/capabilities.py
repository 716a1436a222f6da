"""What the genai core honours of a request, and by which of its options.

The names are the API's request parameters. `structured_outputs` stands for every way to ask for a grammar.
openvino-genai 2026.4.1 lacks these, so they are not here: logit_bias, bad_words, allowed_token_ids,
logits_processors, top_logprobs, prompt_logprobs, cached_tokens in the usage, LoRA adapters of single
requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.genai.options import GenaiOptions, Speculation

ALWAYS: Final = frozenset(
    {
        "max_tokens",
        "min_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "stop_token_ids",
        "ignore_eos",
        "logprobs",
        "structured_outputs",
        "priority",
    }
)

BEAM_SEARCH: Final = frozenset(
    {"use_beam_search", "length_penalty", "num_beam_groups", "diversity_penalty", "early_stopping"}
)
"""Neither beside speculative decoding nor beside cache eviction: genai fails in a step where it evicts blocks
that beams share."""

SPECULATION: Final[Mapping[Speculation, frozenset[str]]] = MappingProxyType(
    {
        "draft_model": frozenset({"num_assistant_tokens", "assistant_confidence_threshold"}),
        "prompt_lookup": frozenset({"num_assistant_tokens", "max_ngram_size"}),
    }
)

ALL: Final = ALWAYS | BEAM_SEARCH | frozenset().union(*SPECULATION.values())
"""What the core may honour, by its options."""


def capabilities_of(options: GenaiOptions) -> frozenset[str]:
    """What a core with these options honours."""
    found = ALWAYS
    if options.speculation is not None:
        found |= SPECULATION[options.speculation]
    elif options.cache_eviction_config is None:
        found |= BEAM_SEARCH
    return found
