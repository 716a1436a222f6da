"""SplitListCalculator and ConcatenateListsCalculator: lists apart and together."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe import RunError
from ovpipe.calculators.flow.concatenate_lists import ConcatenateListsCalculator
from ovpipe.calculators.flow.split_list import SplitListCalculator
from ovpipe.testing import CalculatorRunner


def split(calculator: SplitListCalculator, *lists: Any, parts: int = 2) -> list[list[Any]]:
    out = CalculatorRunner(calculator, repeated={"parts": parts}).run(items=lists)
    return out[SplitListCalculator.parts]


def test_each_range_of_a_list_goes_to_its_output() -> None:
    calculator = SplitListCalculator(ranges=[(0, 1), (1, None)])
    assert split(calculator, "abc", (1,)) == [[["a"], [1]], [["b", "c"], []]]


def test_ranges_may_overlap_and_leave_items_out() -> None:
    assert split(SplitListCalculator(ranges=[(1, 3), (2, 3)]), [0, 1, 2, 3]) == [[[1, 2]], [[2]]]


def test_single_items_can_be_sent_bare() -> None:
    calculator = SplitListCalculator(ranges=[(2, 3), (0, 1)], element_only=True)
    assert split(calculator, ["a", "b", "c"]) == [["c"], ["a"]]


def test_a_list_that_is_too_short_is_a_mistake() -> None:
    with pytest.raises(RunError, match=r"the list at 0 has 2 items, too few for range \[1, 3\]"):
        split(SplitListCalculator(ranges=[(0, 1), (1, 3)]), [1, 2])
    with pytest.raises(RunError, match=r"has 0 items, too few for range \[1, None\]"):
        split(SplitListCalculator(ranges=[(1, None)]), [], parts=1)


def test_there_is_a_range_for_each_output() -> None:
    with pytest.raises(RunError, match="has 1 ranges and writes 2 parts"):
        split(SplitListCalculator(ranges=[(0, 1)]), [1])


@pytest.mark.parametrize(
    ("ranges", "element_only", "said"),
    [
        ([], False, "ranges is empty"),
        ([(-1, 2)], False, r"\[-1, 2\] is no range"),
        ([(2, 2)], False, r"\[2, 2\] is no range"),
        ([(0, 2)], True, r"\[0, 2\] is not of one item, .* write \[0, 1\]"),
        ([(0, None)], True, r"\[0, None\] is not of one item"),
    ],
)
def test_ranges_that_cannot_be_are_refused(
    ranges: list[tuple[int, int | None]], element_only: bool, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        SplitListCalculator(ranges=ranges, element_only=element_only)


def test_lists_of_one_timestamp_come_end_to_end_in_the_order_of_the_streams() -> None:
    out = CalculatorRunner(ConcatenateListsCalculator()).run(lists=[[[1, 2], [3]], [["a"], []]])
    assert out[ConcatenateListsCalculator.items] == [[1, 2, "a"], [3]]


def test_a_stream_without_a_packet_adds_nothing_unless_all_are_needed() -> None:
    streams = [[[1], [2]], [["a"]]]
    out = CalculatorRunner(ConcatenateListsCalculator()).run(lists=streams)
    assert out[ConcatenateListsCalculator.items] == [[1, "a"], [2]]
    needs_all = ConcatenateListsCalculator(only_emit_if_all_present=True)
    assert CalculatorRunner(needs_all).run(lists=streams)[ConcatenateListsCalculator.items] == [[1, "a"]]
