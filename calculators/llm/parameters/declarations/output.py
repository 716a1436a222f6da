"""What the answer shows: log-probabilities, special tokens, token ids."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import (
    CHAT,
    COMPLETIONS,
    RequestParameter,
    of_engine,
)
from ovpipe.calculators.llm.parameters.value_types import integer

OUTPUT: Final = (
    of_engine(
        "logprobs", bool, "Log-probabilities of the answer's tokens.", endpoints=CHAT, neutral=(False,)
    ),
    of_engine(
        "logprobs",
        integer(0, 5),
        "Log-probabilities of the answer's tokens, and, above 1, of as many likeliest ones.",
        endpoints=COMPLETIONS,
        field="top_logprobs",
        capability="top_logprobs",
        neutral=(0, 1),
    ),
    of_engine(
        "top_logprobs", integer(0, 20), "How many likeliest tokens to list.", endpoints=CHAT, neutral=(0,)
    ),
    of_engine(
        "prompt_logprobs",
        integer(0, 20),
        "Log-probabilities of the prompt's tokens, and of as many likeliest ones; not in a stream.",
    ),
    RequestParameter(
        "echo",
        bool,
        "Begins each choice with its prompt. Log-probabilities beside it are the prompt's, too, and need an "
        "engine that has prompt_logprobs.",
        COMPLETIONS,
    ),
    RequestParameter("skip_special_tokens", bool, "Leaves special tokens out of the text."),
    RequestParameter(
        "spaces_between_special_tokens",
        bool,
        "Puts a space between two special tokens in a row, where they are not left out.",
    ),
    RequestParameter("detokenize", bool, "false answers token ids only, and no text."),
    RequestParameter("return_token_ids", bool, "Answers the token ids of prompt and answer beside the text."),
    RequestParameter("return_tokens_as_token_ids", bool, "Writes the tokens of logprobs as 'token_id:17'."),
)
