"""Numbers between two bounds: all of them, and no others."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.engines.grammars.ebnf.integers import integer_rule, number_rule
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

BOUND = st.none() | st.integers(-12_000, 12_000) | st.integers(-110, 110)


def pattern_of(rule: str) -> re.Pattern[str]:
    """The same as an expression of Python's: literals lose their quotes, and blanks go."""
    return re.compile(re.sub(r'"([^"]*)"', lambda found: re.escape(found[1]), rule).replace(" ", ""))


@given(BOUND, BOUND, st.integers(-13_000, 13_000), st.sampled_from([-1, 0, 1]))
def test_a_whole_number_is_taken_where_it_lies_between(
    least: int | None, most: int | None, number: int, beside: int
) -> None:
    rule = integer_rule(least, most)
    for each in (number, (least or 0) + beside, (most or 0) + beside):
        is_between = (least is None or each >= least) and (most is None or each <= most)
        assert is_between == (rule is not None and pattern_of(rule).fullmatch(str(each)) is not None)
    assert rule is None or not pattern_of(rule).fullmatch("-0") or least is most is None


@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.floats(-1100, 1100))
def test_a_number_between_is_taken_and_none_whose_whole_part_is_not(
    least: float, most: float, each: float
) -> None:
    rule = number_rule(least, most)
    number = float(f"{each:.6f}") + 0.0  # which has no "-0.0": what is not below 0 is written without a sign
    taken = rule is not None and pattern_of(rule).fullmatch(f"{number:.6f}") is not None
    if least <= number <= most:
        assert taken
    elif least > most or int(each) not in range(int(min(least, most)), int(max(least, most)) + 1):
        assert not taken


SCHEMAS = {
    '{"type": "integer", "minimum": 0.5, "exclusiveMaximum": 3}': (["1", "2"], ["0", "3", "-1", "1.5"]),
    '{"type": "integer", "exclusiveMinimum": -3, "minimum": -7}': (
        ["-2", "0", "99999999999999999999"],
        ["-3", "-7"],
    ),
    '{"type": "integer", "maximum": 1e300}': (["12345678901234567890"], ["1.5"]),
    '{"type": "number", "minimum": -0.5, "maximum": 12}': (["-0.25", "3.75", "12"], ["-1", "13"]),
    '{"type": "number", "maximum": -2}': (["-2", "-17.5"], ["-1", "0", "3"]),
}


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for right, wrong in SCHEMAS.values() for text in (*right, *wrong)]
    return Follower(texts, tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_bounds_of_schemas_of_each_kind(follower: Follower, schema: str) -> None:
    right, wrong = SCHEMAS[schema]
    json.loads(schema)
    assert [follower.takes(Grammar("json_schema", schema), text) for text in right] == [True] * len(right)
    assert not any(follower.takes(Grammar("json_schema", schema), text) for text in wrong)
