"""How much is answered: tokens, choices and candidates, and whether as a stream."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter, of_engine
from ovpipe.calculators.llm.parameters.value_types import MOST_CHOICES, UINT32, integer
from ovpipe.calculators.llm.parameters.wire.prompts import StreamOptionsObject, stream_options_of

STREAMING: Final = (
    RequestParameter("stream", bool, "Whether the answer comes as server-sent events."),
    RequestParameter(
        "stream_options",
        StreamOptionsObject,
        "Whether a stream ends with a chunk of token counts, or has them in every chunk.",
        make=stream_options_of,
        spread=True,
    ),
)

LENGTH: Final = (
    of_engine(
        "max_tokens",
        integer(1, UINT32),
        "The most tokens to generate; absent, what the context and the cache leave.",
        config_key="max_new_tokens",
        config_field="default_max_tokens",
    ),
    of_engine(
        "max_completion_tokens",
        integer(1, UINT32),
        "The same; it wins when both are given.",
        capability="max_tokens",
    ),
    of_engine(
        "min_tokens",
        integer(0, UINT32),
        "The least tokens to generate before anything may end it.",
        neutral=(0,),
    ),
    RequestParameter("n", integer(1, MOST_CHOICES), "Choices to answer for each prompt."),
    RequestParameter(
        "best_of",
        integer(1, MOST_CHOICES),
        "Candidates for each prompt, of which the n with the highest mean log-probability are answered; "
        "the width of a beam search.",
    ),
)
