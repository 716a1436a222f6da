"""What a server did in its turn, and two servers side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

FEWEST_EVENTS = 0.8
"""Of an event a token: a character of several tokens is one event."""


class Load(NamedTuple):
    """Requests that a server gets: so many at once, until all have had their turn."""

    streams: int
    requests: int
    prompt_tokens: int
    tokens: int


class Answers(msgspec.Struct, frozen=True):
    """What light_client.py saw; lists have an entry a request."""

    seconds: float
    first: list[float]
    last: list[float]
    prompt_tokens: list[int]
    tokens: list[int]
    events: list[int]

    def check(self, load: Load) -> None:
        """The server did what it was asked, or there is nothing to compare."""
        wanted = [load.prompt_tokens] * load.requests, [load.tokens] * load.requests
        if (self.prompt_tokens, self.tokens) != wanted:
            raise ValueError(
                f"asked for {load}, the server counts prompts of {self.prompt_tokens} tokens and answers of "
                f"{self.tokens}"
            )
        if min(self.events) < FEWEST_EVENTS * load.tokens:
            raise ValueError(
                f"the server counts {load.tokens} tokens an answer, and sent {self.events} events"
            )


class Turn(NamedTuple):
    """A server's turn: started, warmed up, loaded, stopped."""

    answers: Answers
    processor: float
    """Seconds, of all its processes, while it had the load."""
    memory: int
    """Bytes, after the load."""
    ready: float
    """Seconds from its start until it was ready."""

    @property
    def rate(self) -> float:
        """Tokens a second, of all streams together."""
        return sum(self.answers.tokens) / self.answers.seconds

    @property
    def processor_per_thousand(self) -> float:
        """Processor seconds for a thousand tokens."""
        return 1000 * self.processor / sum(self.answers.tokens)

    @property
    def token_seconds(self) -> list[float]:
        """Seconds from one token to the next, a mean for each request."""
        answers = self.answers
        return [
            (last - first) / (tokens - 1)
            for first, last, tokens in zip(answers.first, answers.last, answers.tokens, strict=True)
        ]


class Ratio(NamedTuple):
    """One server's figure divided by the other's, round by round."""

    median: float
    lowest: float
    highest: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.lowest:.2f} to {self.highest:.2f})"


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The ratios of figures that were measured one after the other."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def percentile(values: Sequence[float], part: float) -> float:
    """The value below or at which this part of all values is, the nearest of them."""
    ranked = sorted(values)
    return ranked[round(part * (len(ranked) - 1))]


HEAD = (
    "streams",
    "server",
    "tokens/s",
    "TTFT ms p50",
    "p99",
    "ms a token p50",
    "CPU s/1,000",
    "MB",
    "ready s",
    "ratio of tokens/s",
)


def row_of(streams: int, name: str, turns: Sequence[Turn], ratio: Ratio | None) -> list[str]:
    """A line of the table: what a server did in all its turns."""
    first = [seconds for turn in turns for seconds in turn.answers.first]
    between = [seconds for turn in turns for seconds in turn.token_seconds]

    def median(figure: Callable[[Turn], float]) -> float:
        return statistics.median(figure(turn) for turn in turns)

    return [
        str(streams),
        name,
        f"{median(lambda turn: turn.rate):.1f}",
        f"{percentile(first, 0.5) * 1e3:,.0f}",
        f"{percentile(first, 0.99) * 1e3:,.0f}",
        f"{percentile(between, 0.5) * 1e3:.1f}",
        f"{median(lambda turn: turn.processor_per_thousand):.1f}",
        f"{median(lambda turn: turn.memory) / 1e6:,.0f}",
        f"{median(lambda turn: turn.ready):.1f}",
        str(ratio or ""),
    ]
