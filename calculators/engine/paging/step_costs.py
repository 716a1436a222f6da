"""StepCosts: which of a model's two forms reads which part of a step, by what they were measured to take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec
import numpy as np

DECODING: Final = 8
"""Sequences that decode in a measured step with a prompt."""
STEPS: Final = ((1, 0), (DECODING, 0), (0, 64), (0, 256), (DECODING, 256))
"""Tokens of the steps that are measured: of sequences that decode, and of a prompt."""
ROUNDS: Final = 3
"""Of which the fastest counts: what else runs on the machine makes a step slower, never faster."""
SECONDS: Final = 3.0
"""After which no further round begins."""

Way = Literal["decode", "prefill", "both"]
"""By one form alone, or decoding by the one and prompts by the other, which reads the weights twice."""


class FormCosts(msgspec.Struct, frozen=True):
    """What steps take by one form."""

    tokens: Sequence[int]
    """Of the steps that have nothing but sequences that decode, or a prompt; in their order."""
    seconds: Sequence[float]
    together: float = 0.0
    """What a step with both takes more than one of as many tokens, for each token of the prompt."""

    @classmethod
    def of(cls, measured: dict[tuple[int, int], float]) -> FormCosts:
        """From steps by the tokens of sequences that decode and of prompts."""
        plain = {
            decoding + prompt: time
            for (decoding, prompt), time in measured.items()
            if not (decoding and prompt)
        }
        costs = cls(list(plain), list(plain.values()))
        more = [
            (time - costs.step(sum(step), 0)) / step[1] for step, time in measured.items() if 0 not in step
        ]
        return msgspec.structs.replace(costs, together=max(0.0, *more)) if more else costs

    def step(self, decoding: int, prompts: int) -> float:
        """Seconds of a step of these tokens; between those that were measured on a line."""
        whole = decoding + prompts
        more = self.together * prompts if decoding and prompts else 0.0
        if whole > self.tokens[-1]:
            return self.seconds[-1] * whole / self.tokens[-1] + more
        return float(np.interp(whole, self.tokens, self.seconds)) + more

    def describe(self) -> str:
        """The figures in milliseconds."""
        steps = ", ".join(
            f"{1000 * time:.3g} for {size}" for size, time in zip(self.tokens, self.seconds, strict=True)
        )
        return f"{steps} tokens, {1000 * self.together:.3g} more a token of a prompt beside others"


class StepCosts(msgspec.Struct, frozen=True):
    """What steps take by the form that decodes best, and by the one that is best at prompts."""

    decode: FormCosts
    prefill: FormCosts

    @classmethod
    def measured(
        cls,
        decode: Callable[[int, int], None],
        prefill: Callable[[int, int], None],
        clock: Callable[[], float],
        most_tokens: int,
    ) -> StepCosts:
        """Has each form read steps by turns: so many tokens of sequences that decode, so many of a prompt."""
        steps = [step for step in STEPS if sum(step) <= most_tokens] or STEPS[:1]
        found = tuple({step: float("inf") for step in steps} for _ in range(2))
        began_all = clock()
        for turn in range(1 + ROUNDS):
            if turn > 1 and clock() - began_all > SECONDS:
                break
            for step in steps:
                for read, times in zip((decode, prefill), found, strict=True):
                    began = clock()
                    read(*step)
                    if turn:  # in the first step of its shape the device compiles
                        times[step] = min(times[step], clock() - began)
        return cls(*(FormCosts.of(times) for times in found))

    def way(self, decoding: int, prompts: int) -> Way:
        """The cheapest way to read so many tokens of sequences that decode, and so many of prompts."""
        seconds: dict[Way, float] = {
            "decode": self.decode.step(decoding, prompts),
            "prefill": self.prefill.step(decoding, prompts),
        }
        if decoding and prompts:
            seconds["both"] = self.decode.step(decoding, 0) + self.prefill.step(0, prompts)
        return min(seconds, key=seconds.__getitem__)

    def describe(self) -> str:
        """The figures for the person who starts the server."""
        return (
            f"a step takes, in ms, {self.decode.describe()} by the form that decodes; "
            f"{self.prefill.describe()} by the form for prompts"
        )
