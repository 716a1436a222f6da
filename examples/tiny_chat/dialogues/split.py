"""What is seen in training and what is kept for the evaluation."""

from __future__ import annotations

import zlib
from enum import Enum

HELD_OUT_IN = 8


class Split(Enum):
    """The two halves of everything that can vary: wordings, numbers, names, words and tools.

    A text belongs to one of them by its own letters alone (one in HELD_OUT_IN is held out), so that no
    list has to be kept: whoever draws a value keeps drawing until it `has` it.
    """

    TRAINING = "training"
    HELD_OUT = "held out"

    def has(self, text: str) -> bool:
        """Whether a text, upper or lower case, is of this half."""
        held_out = zlib.crc32(text.lower().encode()) % HELD_OUT_IN == 0
        return held_out is (self is Split.HELD_OUT)
