"""largest: the places of the largest values of a row, quickly."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

HEIGHTS: Final = (64, 16)
"""How many values stand in a column, of which the largest is compared first: many, where few are wanted."""
COLUMNS_A_VALUE: Final = 8
"""With fewer columns for each value that is wanted, columns leave too much to sort."""


def largest(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The places of the `count` largest values, the largest first; of equal ones the first place first.

    For a few of many, columns are compared by their maxima: the largest values all stand in those columns
    whose maxima are largest. Measured on a row of 151,936: a partition takes ten times as long.
    """
    count = min(count, len(values))
    if count == 0:
        return np.empty(0, np.int64)
    for height in HEIGHTS:
        width = len(values) // height
        if width >= COLUMNS_A_VALUE * count:
            return _in_columns(values, count, height, width)
    bound = np.partition(values, len(values) - count)[len(values) - count]
    return _first_in_order(values, np.flatnonzero(values >= bound), count)


def _in_columns(values: NDArray[np.float32], count: int, height: int, width: int) -> NDArray[np.int64]:
    body, tail = values[: width * height].reshape(height, width), values[width * height :]
    maxima = body.max(axis=0)
    bound = np.partition(maxima, width - count)[width - count]
    if bound == -np.inf:
        return _finite_first(values, count)
    # So many columns have a value as large as the bound: no smaller one is wanted. A column may have several.
    columns = np.flatnonzero(maxima >= bound)
    lines, inside = np.nonzero(body[:, columns] >= bound)
    # By lines, and in a line by columns: in the order of their places.
    places = lines * width + columns[inside]
    if len(tail):
        places = np.concatenate([places, width * height + np.flatnonzero(tail >= bound)])
    return _first_in_order(values, places, count)


def _finite_first(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Where fewer than `count` values are finite: they, and as many of the others as it takes."""
    finite = values > -np.inf
    found = _first_in_order(values, np.flatnonzero(finite), count)
    return np.concatenate([found, np.flatnonzero(~finite)[: count - len(found)]])


def _first_in_order(values: NDArray[np.float32], places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first `count` of `places`, which come in their order, by value."""
    found: NDArray[np.int64] = places[np.argsort(-values[places], kind="stable")[:count]]
    return found
