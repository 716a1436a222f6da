"""Strings and numbers of JSON Schemas as rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ovpipe.engines.grammars.ebnf.expression_rules import string_rule
from ovpipe.engines.grammars.ebnf.integers import integer_rule, number_rule
from ovpipe.engines.grammars.ebnf.json_tokens import JsonTokens
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import Rules
from ovpipe.engines.grammars.ebnf.string_formats import FORMATS

MOST_COUNT: Final = 65_535
"""Of items, members or characters. No answer is as long as what lies beyond."""

Schema = Mapping[str, Any]


def count_of(schema: Schema, keyword: str) -> int | None:
    """A number of items, members or characters; None: not stated. Raises GrammarProblem for a huge one."""
    stated = schema.get(keyword)
    if stated is None:
        return None
    if not 0 <= stated <= MOST_COUNT:
        raise GrammarProblem(f"has a '{keyword}' of more than {MOST_COUNT}")
    return int(stated)


def string_of(rules: Rules, tokens: JsonTokens, schema: Schema) -> str | None:
    """A string: by its pattern, or its format, or its length. None: there is none."""
    pattern = schema.get("pattern", FORMATS.get(schema.get("format", "")))
    if pattern is not None:
        return rules.add(string_rule(rules, pattern))
    least, most = count_of(schema, "minLength") or 0, count_of(schema, "maxLength")
    return None if most is not None and least > most else tokens.string_of(least, most)


def integer_of(rules: Rules, tokens: JsonTokens, schema: Schema) -> str | None:
    """A whole number within its bounds; None: there is none."""
    low, high = _bounds(schema)
    least = (
        None if low is None else math.ceil(low.value) + (low.excluded and low.value == math.ceil(low.value))
    )
    most = (
        None
        if high is None
        else math.floor(high.value) - (high.excluded and high.value == math.floor(high.value))
    )
    if least is None and most is None:
        return tokens.integer
    found = integer_rule(least, most)
    return None if found is None else rules.add(found)


def number_of(rules: Rules, tokens: JsonTokens, schema: Schema) -> str | None:
    """A number whose whole part is within the bounds; they are not exact for what follows the point."""
    low, high = _bounds(schema)
    if low is None and high is None:
        return tokens.number
    found = number_rule(None if low is None else low.value, None if high is None else high.value)
    return None if found is None else rules.add(found)


class _Bound(NamedTuple):
    value: float
    excluded: bool


def _bounds(schema: Schema) -> tuple[_Bound | None, _Bound | None]:
    """The narrower of each two."""
    low = [
        _Bound(schema[key], excluded)
        for key, excluded in (("minimum", False), ("exclusiveMinimum", True))
        if key in schema
    ]
    high = [
        _Bound(schema[key], excluded)
        for key, excluded in (("maximum", False), ("exclusiveMaximum", True))
        if key in schema
    ]
    return (
        max(low, default=None),
        min(high, key=lambda bound: (bound.value, not bound.excluded), default=None),
    )
