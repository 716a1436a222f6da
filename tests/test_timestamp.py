"""Timestamps: MediaPipe's special values, order and arithmetic."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.errors import TimestampError
from ovpipe.timestamp import SPECIAL_NAMES, Timestamp

ORDINARY = st.integers(min_value=int(Timestamp.MIN), max_value=int(Timestamp.MAX))


def test_special_values_stand_in_mediapipes_order() -> None:
    in_order = [
        Timestamp.UNSET,
        Timestamp.UNSTARTED,
        Timestamp.PRE_STREAM,
        Timestamp.MIN,
        Timestamp(0),
        Timestamp.MAX,
        Timestamp.POST_STREAM,
        Timestamp.ONE_OVER_POST_STREAM,
        Timestamp.DONE,
    ]
    assert sorted(in_order, reverse=True)[::-1] == in_order
    assert len(set(in_order)) == len(in_order)


@pytest.mark.parametrize("raw", sorted(set(SPECIAL_NAMES) - {int(Timestamp.MIN), int(Timestamp.MAX)}))
def test_a_special_value_is_not_built_from_a_raw_integer(raw: int) -> None:
    with pytest.raises(TimestampError, match="outside the range"):
        Timestamp(raw)


def test_arithmetic_clamps_to_the_ordinary_range() -> None:
    assert Timestamp.MAX - 100 + 200 == Timestamp.MAX
    assert Timestamp.MIN + 100 - 200 == Timestamp.MIN


@given(ORDINARY, ORDINARY)
def test_a_sum_is_always_ordinary(left: int, right: int) -> None:
    assert not (Timestamp(left) + right).is_special
    assert not (Timestamp(left) - right).is_special


@pytest.mark.parametrize("special", ["UNSET", "PRE_STREAM", "POST_STREAM", "DONE"])
def test_arithmetic_is_refused_on_special_values(special: str) -> None:
    with pytest.raises(TimestampError, match=special):
        getattr(Timestamp, special) + 0


def test_the_next_allowed_timestamp_follows_ordinary_ones_only() -> None:
    assert Timestamp(0).next_allowed() == 1
    for alone in (Timestamp.PRE_STREAM, Timestamp.MAX, Timestamp.POST_STREAM):
        assert alone.next_allowed() == Timestamp.ONE_OVER_POST_STREAM


def test_nothing_follows_a_timestamp_no_packet_can_have() -> None:
    with pytest.raises(TimestampError, match="UNSTARTED"):
        Timestamp.UNSTARTED.next_allowed()


def test_a_timestamp_shows_its_name() -> None:
    assert repr(Timestamp.PRE_STREAM) == "Timestamp.PRE_STREAM"
    assert repr(Timestamp(7)) == "Timestamp(7)"
    assert str(Timestamp(7)) == "7"


NO_TIMESTAMPS = [12.5, 12.0, float("nan"), True, "12", None, Decimal(12), np.float64(12), np.bool_(True), 12j]


@pytest.mark.parametrize("value", NO_TIMESTAMPS, ids=repr)
def test_what_is_no_integer_is_no_timestamp(value: Any) -> None:
    for make in (Timestamp, Timestamp(0).__add__, Timestamp(0).__sub__):
        with pytest.raises(TimestampError, match=r"is no timestamp; a timestamp is an integer, such as 12"):
            make(value)


@pytest.mark.parametrize("integer", [np.int64(12), np.int32(12), np.uint8(12), Timestamp(12)], ids=repr)
def test_every_kind_of_integer_is_one(integer: Any) -> None:
    assert type(Timestamp(integer)) is Timestamp
    assert Timestamp(integer) == 12
    assert Timestamp(0) + integer == Timestamp(24) - integer == 12
