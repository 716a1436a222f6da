"""SearchState: where a beam search stands between two steps."""

from __future__ import annotations

import math
from typing import Self

import msgspec

from ovpipe.engines.protocol import Beam, Token


class LiveBeam(msgspec.Struct, frozen=True):
    """A text that goes on."""

    sequence: int
    """Its number among the request's sequences."""
    score: float = 0.0
    """The sum of its tokens' log-probabilities, less what keeps groups apart."""
    tokens: tuple[Token, ...] = ()


class BeamGroup(msgspec.Struct, frozen=True):
    """A part of the beams, which are searched for among themselves."""

    live: tuple[LiveBeam, ...]
    """The best first. None are left when the group has ended."""
    ended: tuple[Beam, ...] = ()
    """The best first, and no more than the group has beams."""

    def with_ended(self, beam: Beam, size: int) -> BeamGroup:
        """The same with one more text that has ended, or without it where `size` others are better."""
        ended = sorted((*self.ended, beam), key=lambda one: -one.score)[:size]
        return BeamGroup(self.live, tuple(ended))


class SearchState(msgspec.Struct, frozen=True):
    """A value: a step that fails and is repeated begins with the same one."""

    groups: tuple[BeamGroup, ...]

    @classmethod
    def start(cls, groups: int) -> Self:
        """Before the first token: every group begins with the prompt, which is the only sequence."""
        return cls((BeamGroup((LiveBeam(0),)),) * groups)

    @property
    def is_over(self) -> bool:
        """Whether no text goes on."""
        return not any(group.live for group in self.groups)

    @property
    def beams(self) -> list[Beam]:
        """All texts that have ended, the best first."""
        return sorted((beam for group in self.groups for beam in group.ended), key=lambda one: -one.score)


def normalised(score: float, length: int, length_penalty: float) -> float:
    """A text's score over length ** length_penalty, by which beams of different lengths compare.

    The power may be beyond any float.
    """
    try:
        return score / math.pow(length, length_penalty)
    except OverflowError:
        return -0.0
    except ZeroDivisionError:
        return -math.inf
