"""Beam search: the likeliest text instead of a sampled one."""

from __future__ import annotations

from typing import Any, Final, Literal

from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter, of_engine
from ovpipe.calculators.llm.parameters.value_types import MOST_CHOICES, integer, number


def searching(name: str, type: Any, doc: str, *, neutral: tuple[Any, ...] = ()) -> RequestParameter:
    """A parameter of an engine that searches."""
    return of_engine(
        name, type, doc, neutral=neutral, needs="an engine without speculative decoding and cache eviction"
    )


BEAM_SEARCH: Final = (
    searching(
        "use_beam_search",
        bool,
        "Searches for the likeliest text; absent, with best_of above 1 and no temperature (or 0): true.",
        neutral=(False,),
    ),
    searching("length_penalty", number(-100, 100), "Above 0 prefers longer beams, below shorter ones."),
    searching(
        "num_beam_groups",
        integer(1, MOST_CHOICES),
        "Groups of beams, kept apart; divides best_of.",
        neutral=(1,),
    ),
    searching("diversity_penalty", number(0, 100), "How much groups of beams are kept apart."),
    searching(
        "early_stopping",
        bool | Literal["never"],
        "Whether a beam search ends as soon as there are enough whole beams.",
    ),
)
