"""How much is answered: tokens, choices and candidates, and whether as a stream."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import (
    CHAT,
    COMPLETIONS,
    Endpoint,
    RequestParameter,
    of_engine,
)
from ovpipe.calculators.llm.parameters.value_types import MOST_CHOICES, UINT32, integer
from ovpipe.calculators.llm.parameters.wire.prompts import StreamOptionsObject, stream_options_of

STREAMING: Final = (
    RequestParameter("stream", bool, "Whether the answer comes as server-sent events."),
    RequestParameter(
        "stream_options",
        StreamOptionsObject,
        "Whether a stream ends with a chunk of token counts, or has them in every chunk; "
        "without a stream it has no effect.",
        make=stream_options_of,
        spread=True,
    ),
)


def limits(endpoints: tuple[Endpoint, ...], *, fewest: int, doc: str) -> tuple[RequestParameter, ...]:
    """The most tokens to generate, by two names."""
    return (
        of_engine(
            "max_tokens",
            integer(fewest, UINT32),
            doc,
            endpoints=endpoints,
            config_key="max_new_tokens",
            config_field="default_max_tokens",
        ),
        of_engine(
            "max_completion_tokens",
            integer(fewest, UINT32),
            "The same as max_tokens; it wins when both are given.",
            endpoints=endpoints,
            capability="max_tokens",
        ),
    )


LENGTH: Final = (
    *limits(CHAT, fewest=1, doc="The most tokens to generate; absent, what the context and the cache leave."),
    *limits(COMPLETIONS, fewest=0, doc="The same; 0 generates nothing, which with echo answers the prompt."),
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
