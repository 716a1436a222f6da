"""Speculative decoding: how far a draft model, or the prompt, is asked ahead."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import of_engine
from ovpipe.calculators.llm.parameters.value_types import integer, number

SPECULATION: Final = (
    of_engine(
        "num_assistant_tokens",
        integer(1, 64),
        "Tokens to guess ahead.",
        needs="a draft model or prompt lookup",
    ),
    of_engine(
        "assistant_confidence_threshold",
        number(0, 1, above=True, below=True),
        "Below this confidence a draft model stops guessing.",
        needs="a draft model",
    ),
    of_engine(
        "max_ngram_size",
        integer(1, 64),
        "The longest n-gram that prompt lookup matches.",
        needs="prompt lookup",
    ),
)
