"""The default input policy: the smallest settled timestamp with a packet."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.runtime.policies.default import DefaultInputPolicy
from ovpipe.timestamp import (
    DONE,
    FIRST_ORDINARY,
    LAST_ORDINARY,
    ONE_OVER_POST_STREAM,
    POST_STREAM,
    PRE_STREAM,
)
from tests.runtime.policies.by_hand import ByHand, InputSet

SEEING_BOUNDS = partial(DefaultInputPolicy, process_timestamp_bounds=True)


def test_a_timestamp_waits_until_every_input_is_settled_at_it() -> None:
    """Behaviour 11."""
    node = ByHand(DefaultInputPolicy, "left", "right")
    node.send("left", 1)
    assert node.take() is None
    node.send("right", 2)
    assert node.take() == (1, {"left": "left1"})
    assert node.take() is None
    node.send("left", 2)
    assert node.take() == (2, {"left": "left2", "right": "right2"})


def test_a_bound_at_the_packets_timestamp_does_not_settle_it() -> None:
    """Behaviour 12."""
    node = ByHand(DefaultInputPolicy, "left", "right")
    node.send("left", 3)
    node.settle("right", 3)
    assert node.take() is None
    node.settle("right", 4)
    assert node.take() == (3, {"left": "left3"})


def test_only_bounds_make_no_input_set() -> None:
    """Behaviour 15."""
    node = ByHand(DefaultInputPolicy, "left", "right")
    node.settle("left", 10)
    node.settle("right", 20)
    assert node.take() is None
    assert node.policy.bound() == 10


def test_what_is_taken_is_out_of_the_context_when_the_policy_clears_it() -> None:
    node = ByHand(DefaultInputPolicy, "left", "right")
    node.send("left", 1)
    node.end("right")
    node.take()
    node.policy.clear(node.cx)
    assert node.cx == {}


def test_the_bound_is_the_smallest_of_heads_and_empty_inputs_bounds() -> None:
    node = ByHand(DefaultInputPolicy, "left", "right")
    assert node.policy.bound() == PRE_STREAM
    node.send("left", 7)
    node.settle("right", 5)
    assert node.policy.bound() == 5
    node.settle("right", 9)
    assert node.policy.bound() == 7
    node.take()
    assert node.policy.bound() == 8
    node.end("left", "right")
    assert node.policy.bound() >= ONE_OVER_POST_STREAM


def test_packets_at_the_special_timestamps_are_taken_when_the_other_input_is_past_them() -> None:
    node = ByHand(DefaultInputPolicy, "left", "right")
    node.send("left", PRE_STREAM)
    node.send("right", POST_STREAM)
    assert node.take() == (PRE_STREAM, {"left": f"left{PRE_STREAM}"})
    assert node.take() == (POST_STREAM, {"right": f"right{POST_STREAM}"})
    assert node.policy.bound() >= ONE_OVER_POST_STREAM


# --- batches


def test_a_batch_waits_until_it_is_complete_and_what_is_left_is_flushed_at_the_end() -> None:
    """Behaviour 22."""
    node = ByHand(partial(DefaultInputPolicy, batch_size=2), "text")
    node.send("text", 1)
    assert node.take_all() == []
    node.send("text", 2)
    assert node.take_all() == [(1, {"text": "text1"}), (2, {"text": "text2"})]
    node.send("text", 3)
    assert node.take_all() == []
    node.end("text")
    assert node.take_all() == [(3, {"text": "text3"})]


def test_while_a_batch_is_gathered_the_bound_is_its_first_timestamp() -> None:
    node = ByHand(partial(DefaultInputPolicy, batch_size=3), "text")
    node.send("text", 1)
    node.send("text", 2)
    assert node.take() is None
    assert node.policy.bound() == 1
    node.send("text", 3)
    assert len(node.take_all()) == 3
    assert node.policy.bound() == 4


def test_a_batch_counts_timestamps_and_not_packets() -> None:
    node = ByHand(partial(DefaultInputPolicy, batch_size=2), "left", "right")
    node.send("left", 1)
    node.send("right", 1)
    assert node.take_all() == []
    node.send("left", 2)
    assert node.take_all() == []  # the right input may still get a packet at 2
    node.settle("right", 3)
    assert node.take_all() == [(1, {"left": "left1", "right": "right1"}), (2, {"left": "left2"})]


def test_a_batch_that_has_begun_goes_on_whatever_arrives_meanwhile() -> None:
    node = ByHand(partial(DefaultInputPolicy, batch_size=2), "text")
    for at in (1, 2, 3):
        node.send("text", at)
    assert node.take() == (1, {"text": "text1"})
    node.send("text", 4)
    assert node.take_all() == [(at, {"text": f"text{at}"}) for at in (2, 3, 4)]


# --- timestamps without packets


def test_with_bounds_the_last_settled_timestamp_is_an_input_set_without_packets_once() -> None:
    """Behaviours 15 and 17."""
    node = ByHand(SEEING_BOUNDS, "text")
    for at in range(10, 100, 10):
        node.settle("text", at + 1)
        assert node.take_all() == [(at, {})]
    assert node.policy.bound() == 91


def test_with_bounds_packets_come_before_the_settled_timestamp_after_them() -> None:
    node = ByHand(SEEING_BOUNDS, "left", "right")
    node.send("left", 3)
    node.settle("right", 10)
    assert node.take() == (3, {"left": "left3"})
    assert node.take() is None  # left itself is settled through 3 only
    node.settle("left", 20)
    assert node.take_all() == [(9, {})]


def test_with_bounds_a_timestamp_is_settled_below_a_packet_that_waits() -> None:
    node = ByHand(SEEING_BOUNDS, "left", "right")
    node.send("left", 20)
    node.settle("right", 11)
    assert node.take_all() == [(10, {})]
    node.send("right", 15)
    assert node.take_all() == [(15, {"right": "right15"})]


def test_with_bounds_the_bound_stays_at_a_timestamp_that_is_yet_to_be_processed() -> None:
    """What is sent there must not come too late."""
    node = ByHand(SEEING_BOUNDS, "left", "right")
    node.settle("left", 11)
    node.settle("right", 21)
    assert node.policy.bound() == 10
    node.take()
    assert node.policy.bound() == 11


def test_with_bounds_nothing_is_settled_before_the_first_ordinary_timestamp() -> None:
    node = ByHand(SEEING_BOUNDS, "text")
    assert node.take() is None
    node.settle("text", FIRST_ORDINARY)
    assert node.take() is None
    assert node.policy.bound() == FIRST_ORDINARY


def test_with_bounds_a_packet_before_the_first_ordinary_timestamp_is_taken() -> None:
    node = ByHand(SEEING_BOUNDS, "text")
    node.send("text", PRE_STREAM)
    assert node.take_all() == [(PRE_STREAM, {"text": f"text{PRE_STREAM}"})]


def test_with_bounds_the_end_is_no_timestamp() -> None:
    node = ByHand(SEEING_BOUNDS, "text")
    node.settle("text", POST_STREAM)
    assert node.take_all() == [(LAST_ORDINARY, {})]
    node.end("text")
    assert node.take_all() == []
    assert node.policy.bound() == DONE


# --- against an oracle


def expected(arrivals: list[dict[int, str]], bounds: list[int]) -> list[InputSet]:
    """What the default policy gives in the end: every settled timestamp with a packet, in order."""
    times = sorted({at for packets in arrivals for at in packets})
    return [
        (at, {f"in{i}": packets[at] for i, packets in enumerate(arrivals) if at in packets})
        for at in times
        if all(bound > at for bound in bounds)
    ]


@st.composite
def steps(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, bool]]]:
    """A number of inputs, and what comes on them: on which, how far ahead, and whether it is a packet."""
    width = draw(st.integers(1, 4))
    step = st.tuples(st.integers(0, width - 1), st.integers(0, 3), st.booleans())
    return width, draw(st.lists(step, max_size=40))


@given(steps(), st.sampled_from([1, 2, 3]), st.booleans(), st.data())
def test_whatever_arrives_in_whatever_order_the_input_sets_are_those_of_an_oracle(
    case: tuple[int, list[tuple[int, int, bool]]], batch_size: int, end: bool, data: st.DataObject
) -> None:
    width, moves = case
    names = [f"in{i}" for i in range(width)]
    node = ByHand(partial(DefaultInputPolicy, batch_size=batch_size), *names)
    arrivals: list[dict[int, str]] = [{} for _ in names]
    bounds = [0] * width
    for name in names:
        node.settle(name, 0)
    taken: list[InputSet] = []
    for index, ahead, is_packet in moves:
        at = bounds[index] + ahead
        if is_packet:
            node.send(names[index], at)
            arrivals[index][at] = f"in{index}{at}"
            bounds[index] = at + 1
        else:
            node.settle(names[index], at)
            bounds[index] = at
        if data.draw(st.booleans()):
            lowest = node.policy.bound()
            new = node.take_all()
            assert all(lowest <= at < node.policy.bound() for at, _ in new)
            taken += new
    if end:
        node.end(*names)
        bounds = [DONE] * width
    taken += node.take_all()

    wanted = expected(arrivals, bounds)
    held_back = 0 if end else len(wanted) % batch_size
    assert taken == wanted[: len(wanted) - held_back]


@pytest.mark.parametrize("width", [1, 3])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans()), max_size=30))
def test_with_bounds_the_packets_are_the_same_and_the_timestamps_ascend(
    width: int, moves: list[tuple[int, int, bool]]
) -> None:
    names = [f"in{i}" for i in range(width)]
    plain, seeing = ByHand(DefaultInputPolicy, *names), ByHand(SEEING_BOUNDS, *names)
    bounds = [0] * width
    taken: list[InputSet] = []
    without: list[InputSet] = []
    for node in (plain, seeing):
        for name in names:
            node.settle(name, 0)
    for which, ahead, is_packet in moves:
        index = which % width
        at = bounds[index] + ahead
        bounds[index] = at + is_packet
        for node in (plain, seeing):
            if is_packet:
                node.send(names[index], at)
            else:
                node.settle(names[index], at)
        lowest = seeing.policy.bound()
        new = seeing.take_all()
        assert all(at >= lowest for at, _ in new)
        assert all(at < seeing.policy.bound() for at, _ in new)
        taken += new
        without += plain.take_all()
        assert max([at for at, _ in taken], default=-1) == min(bounds) - 1  # all that is settled was seen
    assert [entry for entry in taken if entry[1]] == without
    assert all(a[0] < b[0] for a, b in pairwise(taken))
