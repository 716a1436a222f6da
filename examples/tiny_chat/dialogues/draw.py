"""Draws: where a dialogue's chance comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import TypeVar

from examples.tiny_chat.dialogues.pools import (
    CITIES,
    LONG_CITIES,
    NAMES,
    WORDS,
    invented_city,
    invented_long_city,
    invented_sentence,
    invented_word,
)
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.dialogues.wording import Wording

T = TypeVar("T")


class Draw:
    """Chance that keeps to one half of everything that is split.

    `pick` chooses how a dialogue is built and knows no halves. `value` chooses from a closed set, as the
    days of the week, of which all are seen in training. The others draw from their half.
    """

    def __init__(self, rng: Random, split: Split) -> None:
        self.rng = rng
        self.split = split

    def pick(self, options: Sequence[T]) -> T:
        """One of several ways to build a dialogue."""
        return self.rng.choice(options)

    def chance(self, probability: float) -> bool:
        """Whether something happens that does with this probability."""
        return self.rng.random() < probability

    def value(self, options: Sequence[str]) -> str:
        """One of a closed set of values."""
        return self.rng.choice(options)

    def one_of(self, options: Sequence[str]) -> str:
        """One of an open list, of this half."""
        return self._drawn(lambda: self.rng.choice(options))

    def word(self, longest: int = 9) -> str:
        """A word in lower case: an English one, or more often one that nobody has used yet."""
        known = self.chance(0.4)
        return self._drawn(lambda: self.rng.choice(WORDS) if known else invented_word(self.rng), longest)

    def name(self) -> str:
        """A person's name, most often the first alone."""
        known = self.chance(0.5)
        first = self._drawn(lambda: self.rng.choice(NAMES) if known else invented_word(self.rng).capitalize())
        return (
            f"{first} {self._drawn(lambda: invented_word(self.rng).capitalize())}"
            if self.chance(0.1)
            else first
        )

    def city(self) -> str:
        """A town, now and then of several words."""
        if self.chance(0.12):
            listed = self.chance(0.3)
            return self._drawn(
                lambda: self.rng.choice(LONG_CITIES) if listed else invented_long_city(self.rng)
            )
        known = self.chance(0.5)
        return self._drawn(lambda: self.rng.choice(CITIES) if known else invented_city(self.rng))

    def words(self) -> str:
        """A word, or a few."""
        return " ".join(self.word() for _ in range(self.pick((1, 1, 2, 3))))

    def text(self) -> str:
        """What somebody might write: a word, a few, or a short sentence."""
        return self._drawn(lambda: invented_sentence(self.rng)) if self.chance(0.3) else self.words()

    def number(self, low: int, high: int) -> int:
        """A number between two, both included. One digit is of both halves: there are but ten."""
        while True:
            number = self.rng.randint(low, high)
            if number < 10 or self.split.has(str(number)):
                return number

    def long_number(self, high: int) -> int:
        """A number from 10 up to `high`."""
        digits = self.rng.randint(2, len(str(high)))
        return self.number(10 ** (digits - 1), min(high, 10**digits - 1))

    def say(self, wording: Wording, **values: object) -> str:
        """A sentence."""
        return wording.say(self.rng, self.split, **values)

    def _drawn(self, draw: Callable[[], str], longest: int = 99) -> str:
        for _ in range(10_000):
            text = draw()
            if len(text) <= longest and self.split.has(text):
                return text
        raise ValueError(f"no value is {self.split.value}: all are like {text!r}")


class Blanks(Draw):
    """Draws a dash and a number for every value, so that only the words of the wordings are left."""

    def __init__(self, rng: Random, split: Split) -> None:
        super().__init__(rng, split)
        self._blanks = count()

    def value(self, options: Sequence[str]) -> str:
        """A blank."""
        return self._blank()

    def one_of(self, options: Sequence[str]) -> str:
        """A blank."""
        return self._blank()

    def word(self, longest: int = 9) -> str:
        """A blank."""
        return self._blank()

    def name(self) -> str:
        """A blank."""
        return self._blank()

    def city(self) -> str:
        """A blank."""
        return self._blank()

    def words(self) -> str:
        """A blank."""
        return self._blank()

    def text(self) -> str:
        """A blank."""
        return self._blank()

    def _blank(self) -> str:
        return f"-{next(self._blanks)}"
