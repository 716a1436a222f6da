"""The barrier input policy: one packet from each input, whatever their timestamps."""

from __future__ import annotations

from ovpipe.runtime.policies.barrier import BarrierInputPolicy
from ovpipe.timestamp import DONE, ONE_OVER_POST_STREAM, PRE_STREAM
from tests.runtime.policies.by_hand import ByHand


def test_packets_are_taken_first_in_first_out_whatever_their_timestamps() -> None:
    """Behaviour 27."""
    inputs = ByHand(BarrierInputPolicy, "a", "b", "c")
    for at in (10, 30, 40):
        inputs.send("a", at)
    inputs.send("b", 0)
    assert inputs.take() is None
    inputs.send("c", 5)
    inputs.send("c", 6)
    assert inputs.take() == (0, {"a": "a10", "b": "b0", "c": "c5"})
    assert inputs.take() is None
    inputs.send("b", 1)
    inputs.end("b")
    assert inputs.policy.bound() < ONE_OVER_POST_STREAM
    assert inputs.take() == (1, {"a": "a30", "b": "b1", "c": "c6"})
    assert inputs.waiting("a") == [40]
    assert inputs.policy.bound() == DONE


def test_settled_timestamps_are_not_waited_for_and_not_enough() -> None:
    inputs = ByHand(BarrierInputPolicy, "a", "b")
    inputs.send("a", 1)
    inputs.settle("b", 100)
    assert inputs.take() is None
    inputs.send("b", 100)
    assert inputs.take() == (1, {"a": "a1", "b": "b100"})


def test_the_timestamps_of_input_sets_ascend_and_the_bound_is_below_them() -> None:
    inputs = ByHand(BarrierInputPolicy, "a", "b")
    assert inputs.policy.bound() == PRE_STREAM
    for at in (7, 8, 20):
        inputs.send("a", at)
    for at in (5, 9, 10):
        inputs.send("b", at)
    assert inputs.policy.bound() == 5
    assert [at for at, _ in inputs.take_all()] == [5, 8, 10]
    assert inputs.policy.bound() == 11
