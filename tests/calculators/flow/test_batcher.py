"""BatcherCalculator: lists, and at which timestamps."""

from __future__ import annotations

import pytest

from ovpipe import Packet, Timestamp
from ovpipe.calculators.flow.batcher import BatcherCalculator
from ovpipe.testing import CalculatorRunner


def batches(calculator: BatcherCalculator, *timestamps: int) -> list[tuple[int, list[int]]]:
    """The lists with their timestamps; each item is its own timestamp."""
    items = [Packet(at, Timestamp(at)) for at in timestamps]
    packets = CalculatorRunner(calculator).run(item=items).packets(BatcherCalculator.batch)
    return [(packet.timestamp, packet.value) for packet in packets]


def test_a_full_list_stands_at_its_last_items_timestamp() -> None:
    assert batches(BatcherCalculator(size=2), 1, 3, 5, 7) == [(3, [1, 3]), (7, [5, 7])]


def test_what_is_left_comes_at_the_end_at_its_last_items_timestamp() -> None:
    assert batches(BatcherCalculator(size=3), 1, 3, 5, 7, 9) == [(5, [1, 3, 5]), (9, [7, 9])]
    assert batches(BatcherCalculator(size=3)) == []


def test_an_item_too_long_after_the_first_begins_a_new_list() -> None:
    assert batches(BatcherCalculator(size=9, span=10), 0, 9, 10, 12, 40) == [
        (9, [0, 9]),
        (12, [10, 12]),
        (40, [40]),
    ]


def test_the_only_packet_of_a_stream_may_stand_outside_the_timeline() -> None:
    only = Packet("all", Timestamp.POST_STREAM)
    out = CalculatorRunner(BatcherCalculator(size=2)).run(item=[only])
    assert out.packets(BatcherCalculator.batch) == [Packet(["all"], Timestamp.POST_STREAM)]


@pytest.mark.parametrize(("size", "span"), [(0, None), (1, 0)])
def test_sizes_and_spans_begin_at_one(size: int, span: int | None) -> None:
    with pytest.raises(ValueError, match="must be 1 or more, not 0"):
        BatcherCalculator(size=size, span=span)
