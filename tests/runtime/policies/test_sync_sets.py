"""The sync_sets input policy: groups of inputs that do not wait for each other."""

from __future__ import annotations

import random
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.errors import NotFoundError
from ovpipe.runtime.policies.sync_sets import SyncSetsInputPolicy
from ovpipe.timestamp import DONE
from tests.runtime.policies.by_hand import ByHand, InputSet

GROUPED = partial(SyncSetsInputPolicy, sets=[["a", "c", "e"], ["b", "d"]])


def test_a_group_waits_for_its_own_inputs_only() -> None:
    inputs = ByHand(GROUPED, "a", "b", "c", "d", "e")
    inputs.send("a", 1)
    inputs.send("b", 7)
    inputs.settle("d", 8)
    assert inputs.take_all() == [(7, {"b": "b7"})]
    inputs.send("c", 1)
    inputs.settle("e", 2)
    assert inputs.take_all() == [(1, {"a": "a1", "c": "c1"})]


def test_groups_ready_at_one_timestamp_are_input_sets_of_their_own() -> None:
    inputs = ByHand(partial(SyncSetsInputPolicy, sets=[["a"], ["b"]]), "a", "b")
    inputs.send("b", 1)
    inputs.send("a", 1)
    assert inputs.take_all() == [(1, {"a": "a1"}), (1, {"b": "b1"})]


def test_the_smallest_ready_timestamp_comes_first() -> None:
    inputs = ByHand(partial(SyncSetsInputPolicy, sets=[["a"], ["b"]]), "a", "b")
    inputs.send("a", 5)
    inputs.send("b", 3)
    assert inputs.take_all() == [(3, {"b": "b3"}), (5, {"a": "a5"})]


def test_inputs_in_no_group_form_one() -> None:
    inputs = ByHand(partial(SyncSetsInputPolicy, sets=[["b"]]), "a", "b", "c")
    inputs.send("a", 1)
    assert inputs.take() is None
    inputs.settle("c", 2)
    assert inputs.take() == (1, {"a": "a1"})
    inputs.send("b", 0)
    assert inputs.take() == (0, {"b": "b0"})


def test_without_groups_it_is_the_default_policy() -> None:
    inputs = ByHand(SyncSetsInputPolicy, "a", "b")
    inputs.send("a", 1)
    assert inputs.take() is None
    inputs.send("b", 1)
    assert inputs.take_all() == [(1, {"a": "a1", "b": "b1"})]


def test_the_bound_is_the_smallest_of_the_groups_and_the_end_is_that_of_all() -> None:
    inputs = ByHand(GROUPED, "a", "b", "c", "d", "e")
    for name, bound in {"a": 5, "b": 3, "c": 9, "d": 8, "e": 7}.items():
        inputs.settle(name, bound)
    assert inputs.policy.bound() == 3
    inputs.end("b", "d")
    assert inputs.policy.bound() == 5
    inputs.end("a", "c", "e")
    assert inputs.policy.bound() == DONE


def test_with_bounds_each_group_sees_its_own() -> None:
    """Behaviour 15."""
    inputs = ByHand(
        partial(SyncSetsInputPolicy, process_timestamp_bounds=True, sets=[["a"], ["b"]]), "a", "b"
    )
    inputs.settle("a", 10)
    assert inputs.take_all() == [(9, {})]
    inputs.settle("b", 6)
    assert inputs.policy.bound() == 5
    assert inputs.take_all() == [(5, {})]
    assert inputs.policy.bound() == 6


def test_a_group_of_an_input_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(NotFoundError, match="'left', which is no wired input: there are: a, b"):
        ByHand(partial(SyncSetsInputPolicy, sets=[["a", "left"]]), "a", "b")


@given(st.randoms(use_true_random=False))
def test_each_group_gives_the_same_input_sets_however_its_inputs_interleave(shuffle: random.Random) -> None:
    """Behaviour 25."""
    arriving = {"a": [1, 3, 5], "b": [2, 3], "c": [1, 2, 5], "d": [1, 3, 4], "e": [5]}
    order = [name for name, times in arriving.items() for _ in [*times, "end"]]
    shuffle.shuffle(order)
    left = {name: iter(times) for name, times in arriving.items()}
    inputs = ByHand(GROUPED, *arriving)
    taken: list[InputSet] = []
    for name in order:
        at = next(left[name], None)
        if at is None:
            inputs.end(name)
        else:
            inputs.send(name, at)
        taken += inputs.take_all()
    assert [entry for entry in taken if entry[1].keys() <= {"a", "c", "e"}] == [
        (1, {"a": "a1", "c": "c1"}),
        (2, {"c": "c2"}),
        (3, {"a": "a3"}),
        (5, {"a": "a5", "c": "c5", "e": "e5"}),
    ]
    assert [entry for entry in taken if entry[1].keys() <= {"b", "d"}] == [
        (1, {"d": "d1"}),
        (2, {"b": "b2"}),
        (3, {"b": "b3", "d": "d3"}),
        (4, {"d": "d4"}),
    ]
    assert inputs.policy.bound() == DONE
