"""Sampling: how a token is chosen. The range of each parameter stands here: top_k's, temperature's."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.parameters.request_parameter import of_engine
from ovpipe.calculators.llm.parameters.value_types import (
    INT31,
    INT64,
    UINT64,
    TokenBias,
    integer,
    number,
    wide_integer,
)

LEAST_SEED: Final = -INT64 - 1


def checked_seed(seed: int, path: str) -> int:
    """The seed, signed or unsigned in 64 bits; RequestError 400 beyond."""
    if not LEAST_SEED <= seed <= UINT64:
        raise wrong_value(path, f"an integer from {LEAST_SEED} to {UINT64}")
    return seed


SAMPLING: Final = (
    of_engine(
        "temperature",
        number(0, 2),
        "How much chance there is in the choice of tokens; 0 takes the likeliest.",
        config_key="temperature",
    ),
    of_engine(
        "top_p",
        number(0, 1),
        "Keeps the likeliest tokens whose probabilities add up to this; 0 takes the likeliest.",
        neutral=(1,),
        config_key="top_p",
    ),
    of_engine(
        "top_k",
        integer(-1, INT31),
        "Keeps this many of the likeliest tokens; -1 or 0: all.",
        neutral=(-1, 0),
        config_key="top_k",
    ),
    of_engine(
        "min_p",
        number(0, 1, below=True),
        "Keeps tokens at least this likely, relative to the likeliest.",
        neutral=(0,),
        config_key="min_p",
    ),
    of_engine(
        "repetition_penalty",
        # The API has no upper limit; this is one that 32-bit logits stand.
        number(0, 1e6, above=True),
        "Makes tokens that occurred already less likely above 1, likelier below.",
        neutral=(1,),
        config_key="repetition_penalty",
    ),
    of_engine(
        "frequency_penalty",
        number(-2, 2),
        "Makes tokens less likely for each time they occurred.",
        neutral=(0,),
    ),
    of_engine("presence_penalty", number(-2, 2), "Makes tokens less likely that occurred.", neutral=(0,)),
    of_engine("logit_bias", TokenBias, "Added to the logits of tokens.", neutral=({},)),
    of_engine("seed", wide_integer(LEAST_SEED, UINT64), "Makes sampling repeatable.", make=checked_seed),
)
