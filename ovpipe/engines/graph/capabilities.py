"""What the core `graph` may honour of a request, by the API's names.

What a loaded one honours is the matter of the nodes of its graph, each of which says what it brings.
"""

from __future__ import annotations

from typing import Final

ALL: Final = frozenset(
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
        "logit_bias",
        "allowed_token_ids",
        "bad_words",
        "logits_processors",
        "stop_token_ids",
        "ignore_eos",
        "logprobs",
        "top_logprobs",
        "prompt_logprobs",
        "structured_outputs",
        "num_assistant_tokens",
        "max_ngram_size",
        "priority",
        "use_beam_search",
        "length_penalty",
        "num_beam_groups",
        "diversity_penalty",
        "early_stopping",
        "penalised_beams",
    }
)
