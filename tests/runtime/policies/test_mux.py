"""The mux input policy: one input selects which other is processed."""

from __future__ import annotations

from functools import partial

import pytest

from ovpipe.errors import NotFoundError
from ovpipe.runtime.policies.mux import MuxInputPolicy
from ovpipe.timestamp import DONE, PRE_STREAM
from tests.runtime.policies.by_hand import ByHand

SELECTING = partial(MuxInputPolicy, select="select")


def test_only_the_selected_input_is_waited_for() -> None:
    inputs = ByHand(SELECTING, "a", "b", "select")
    inputs.send("b", 1)
    assert inputs.take() is None
    inputs.send("select", 1, 0)
    assert inputs.take() is None
    inputs.settle("a", 1)
    assert inputs.take() is None  # a may still get a packet at 1
    inputs.send("a", 1)
    assert inputs.take() == (1, {"a": "a1", "select": 0})


def test_a_selected_input_that_is_past_the_timestamp_settles_it_as_empty() -> None:
    """Behaviour 28."""
    inputs = ByHand(SELECTING, "a", "b", "select")
    inputs.send("select", 1, 0)
    inputs.send("a", 2)
    assert inputs.take() == (1, {"select": 0})
    assert inputs.policy.bound() == 2
    inputs.send("select", 3, 1)
    inputs.settle("b", 4)
    assert inputs.take() == (3, {"select": 1})
    assert inputs.policy.bound() == 4


def test_what_was_not_selected_is_dropped_whether_it_comes_before_or_after() -> None:
    inputs = ByHand(SELECTING, "a", "b", "select")
    inputs.send("b", 1)
    inputs.send("select", 1, 0)
    inputs.send("a", 1)
    inputs.take()
    assert inputs.waiting("b") == []
    inputs.send("a", 2)
    inputs.send("select", 3, 1)
    inputs.send("b", 3)
    assert inputs.take() == (3, {"b": "b3", "select": 1})
    assert inputs.waiting("a") == []


def test_packets_wait_for_a_selection_to_come() -> None:
    inputs = ByHand(SELECTING, "a", "select")
    for at in (5, 6):
        inputs.send("a", at)
    inputs.settle("select", 5)
    assert inputs.take() is None
    assert inputs.waiting("a") == [5, 6]
    inputs.settle("select", 6)
    assert inputs.take() is None
    assert inputs.waiting("a") == [6]  # nothing can select a packet at 5 any more


def test_the_selecting_input_may_stand_anywhere() -> None:
    inputs = ByHand(SELECTING, "a", "select", "b")
    inputs.send("select", 1, 1)
    inputs.send("b", 1)
    assert inputs.take() == (1, {"select": 1, "b": "b1"})


def test_it_ends_with_the_selecting_input() -> None:
    inputs = ByHand(SELECTING, "a", "select")
    assert inputs.policy.bound() == PRE_STREAM
    inputs.send("select", 1, 0)
    inputs.end("select")
    inputs.settle("a", 1)
    assert inputs.policy.bound() == 1
    inputs.send("a", 1)
    inputs.send("a", 2)
    assert inputs.take() == (1, {"a": "a1", "select": 0})
    assert inputs.take() is None
    assert inputs.policy.bound() == DONE


@pytest.mark.parametrize("choice", [2, -1, "a", 0.5])
def test_a_packet_that_selects_nothing_is_refused(choice: object) -> None:
    inputs = ByHand(SELECTING, "a", "b", "select")
    inputs.send("select", 7, choice)
    with pytest.raises(ValueError, match="selects no input; there are 0: a, 1: b") as refused:
        inputs.take()
    assert repr(choice) in str(refused.value)
    assert inputs.cx.ts == 7


def test_an_unknown_selecting_input_is_refused_by_name() -> None:
    with pytest.raises(NotFoundError, match="'selct', which is no wired input: did you mean 'select'"):
        ByHand(partial(MuxInputPolicy, select="selct"), "a", "select")
