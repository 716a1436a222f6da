"""Numbers between two bounds, digit by digit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from ovpipe.engines.grammars.ebnf.rules import either, group, literal, repeated

MOST_DIGITS: Final = 40
"""Of a bound; one that is longer is as good as none."""


def integer_rule(least: int | None, most: int | None) -> str | None:
    """The element that takes the whole numbers from `least` to `most`; None: there are none."""
    least, most = _known(least), _known(most)
    if least is not None and most is not None and least > most:
        return None
    alternatives: list[str] = []
    if least is None or least < 0:
        nearest = 1 if most is None or most >= 0 else -most
        farthest = None if least is None else -least
        alternatives += (f'"-" {number}' for number in _from_to(nearest, farthest))
    if most is None or most >= 0:
        alternatives += _from_to(max(0, least or 0), most)
    return either(alternatives) if alternatives else None


def number_rule(least: float | None, most: float | None) -> str | None:
    """The element that takes the numbers whose whole part lies between those of `least` and `most`."""
    if least is not None and most is not None and least > most:
        return None
    low, high = (
        _known(None if least is None else math.trunc(least)),
        _known(None if most is None else math.trunc(most)),
    )
    alternatives: list[str] = []
    if least is None or least < 0:
        nearest = 0 if most is None or most >= 0 else -(high or 0)
        alternatives += (f'"-" {number}' for number in _from_to(nearest, None if low is None else -low))
    if most is None or most >= 0:
        alternatives += _from_to(max(0, low or 0), high)
    return f'{group(either(alternatives))} ("." [0-9]+)?'


def _known(bound: int | None) -> int | None:
    return None if bound is None or abs(bound) >= 10**MOST_DIGITS else bound


def _from_to(least: int, most: int | None) -> Iterator[str]:
    """Whole numbers that are not negative, without a sign, in groups of equal length."""
    digits = len(str(least))
    while most is None or digits <= len(str(most)):
        low = max(least, 10 ** (digits - 1) if digits > 1 else 0)
        if most is None and digits > len(str(least)):
            yield f"[1-9] {repeated('[0-9]', digits - 1, None)}"
            return
        high = 10**digits - 1 if most is None else min(most, 10**digits - 1)
        yield _same_length(str(low), str(high))
        digits += 1


def _same_length(low: str, high: str) -> str:
    """Numerals from `low` to `high`, which are equally long."""
    if low == high:
        return literal(low)
    if len(low) == 1:
        return f"[{low}-{high}]"
    rest = len(low) - 1
    if low[0] == high[0]:
        return f"{literal(low[0])} {_same_length(low[1:], high[1:])}"
    alternatives: list[str] = []
    first, last = int(low[0]), int(high[0])
    if low[1:] != "0" * rest:
        alternatives.append(f"{literal(low[0])} {_same_length(low[1:], '9' * rest)}")
        first += 1
    if high[1:] != "9" * rest:
        last -= 1
    if first <= last:
        digit = literal(str(first)) if first == last else f"[{first}-{last}]"
        alternatives.append(f"{digit} {repeated('[0-9]', rest, rest)}")
    if last < int(high[0]):
        alternatives.append(f"{literal(high[0])} {_same_length('0' * rest, high[1:])}")
    return either(alternatives)
