"""Selection: the stream that a packet names by its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ovpipe.calculator import Context
from ovpipe.ports import Input

P = TypeVar("P")


def selected(cx: Context, select: Input[int], choices: Sequence[P]) -> P:
    """The choice at the place that `select` has now; raises ValueError when there is none."""
    place = cx[select]
    if not 0 <= place < len(choices):
        raise ValueError(
            f"{select} chose {place} at {cx.timestamp}, but {cx.node_name} has {len(choices)} streams "
            f"to choose from; a choice is a place from 0 to {len(choices) - 1}"
        )
    return choices[place]
