"""Which precision serves best, by what was measured. docs/decisions/precision.md gives the reasons."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Final, Self

import msgspec

from ovpipe.engines.batching_options import Precision

ANSWER_TOKENS: Final = 128
"""What a typical answer has."""

PART_OF_CONTEXT: Final = 8
"""A typical prompt fills one part in so many of the model's context."""

LONGEST_CONTEXT: Final = 8192
"""As much of a context as is reckoned with, and what a model has that does not say how much it holds."""

TIE: Final = 0.03
"""Less than this part saved counts as noise."""

WORTH_A_SECOND_FORM: Final = 0.08
"""Less than this part saved is not worth having the weights in memory twice."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one precision was measured at, in seconds."""

    alone: float
    """A step that decodes one sequence."""
    together: float
    """A step that decodes `streams` of them."""
    streams: int
    prefill: float
    """A token of a prompt."""

    def __post_init__(self) -> None:
        for name in ("alone", "together", "streams", "prefill"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}; it must be finite and above 0")

    def describe(self) -> str:
        """The figures in milliseconds, for the person who starts the server."""
        alone, together, prefill = (f"{1000 * n:.3g}" for n in (self.alone, self.together, self.prefill))
        return f"a step of 1 takes {alone} ms, of {self.streams} {together} ms, a prompt {prefill} ms a token"


def typical_prompt(context_length: int | None) -> int:
    """Tokens of a typical prompt to a model of this context."""
    context = LONGEST_CONTEXT if context_length is None else min(context_length, LONGEST_CONTEXT)
    return max(1, context // PART_OF_CONTEXT)


def seconds_of_typical_requests(figures: Figures, prompt_tokens: int) -> float:
    """What a typical request takes of the machine alone, and what it takes among others, added."""
    prompt = prompt_tokens * figures.prefill
    alone = prompt + ANSWER_TOKENS * figures.alone
    among_others = prompt + ANSWER_TOKENS * figures.together / figures.streams
    return alone + among_others


class Forms(msgspec.Struct, frozen=True):
    """What a model is compiled in: one form for all, or one for decoding and another for prompts.

    Two have the same cache and the weights in memory twice.
    """

    decode: Precision
    prefill: Precision

    @classmethod
    def one(cls, precision: Precision) -> Self:
        """The same form for both."""
        return cls(precision, precision)

    @property
    def are_two(self) -> bool:
        """Whether they differ."""
        return self.decode != self.prefill

    def __str__(self) -> str:
        return f"{self.decode} for decoding and {self.prefill} for prompts" if self.are_two else self.decode


def best_precision(measured: Mapping[Precision, Figures], prompt_tokens: int) -> Precision:
    """The precision that takes the least time; the first one, unless another saves more than `TIE`."""
    seconds = {name: seconds_of_typical_requests(one, prompt_tokens) for name, one in measured.items()}
    first, quickest = next(iter(seconds)), min(seconds, key=seconds.__getitem__)
    return quickest if seconds[quickest] < (1 - TIE) * seconds[first] else first


def best_forms(measured: Mapping[Precision, Figures], prompt_tokens: int) -> Forms:
    """The best form for all, or two where these save more than `WORTH_A_SECOND_FORM` beside it.

    Of two forms nothing is measured: decoding takes what it takes by the one, a prompt what it takes by the
    other. For a step with both the model takes the cheapest way (see `StepCosts` of the core `graph`).
    """
    best = best_precision(measured, prompt_tokens)
    alone = seconds_of_typical_requests(measured[best], prompt_tokens)
    together = {
        Forms(decode, prefill): seconds_of_typical_requests(
            msgspec.structs.replace(measured[decode], prefill=measured[prefill].prefill), prompt_tokens
        )
        for decode, prefill in itertools.permutations(measured, 2)
    }
    quickest = min(together, key=together.__getitem__, default=Forms.one(best))
    worth = together.get(quickest, alone) < (1 - WORTH_A_SECOND_FORM) * alone
    return quickest if worth else Forms.one(best)
