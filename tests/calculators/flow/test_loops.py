"""BeginLoopCalculator and EndLoopCalculator: a list's items through the graph, and back."""

from __future__ import annotations

from ovpipe import Calculator, Context, Input, Output, Packet, Timestamp
from ovpipe.calculators.flow.batch_end import BatchEnd
from ovpipe.calculators.flow.begin_loop import BeginLoopCalculator
from ovpipe.calculators.flow.end_loop import EndLoopCalculator
from ovpipe.testing import CalculatorRunner
from tests.calculators.flow.running import outputs_of, pairs_of


class OddTimesTenCalculator(Calculator):
    """Multiplies odd numbers, and drops even ones."""

    number = Input[int]()
    product = Output[int]()

    def process(self, cx: Context) -> None:
        if cx[self.number] % 2:
            cx.send(self.product, cx[self.number] * 10)


LOOP = """
version: 1
inputs: [numbers]
outputs: [products]
nodes:
  begin: {calculator: BeginLoopCalculator, inputs: {iterable: numbers}, outputs: {item: number, batch_end: end}}
  body: {calculator: OddTimesTenCalculator, inputs: {number: number}, outputs: {product: product}}
  end: {calculator: EndLoopCalculator, inputs: {item: product, batch_end: end}, outputs: {iterable: products}}
"""


def test_each_list_comes_back_at_its_own_timestamp_without_the_items_that_were_dropped() -> None:
    sent = [("numbers", 5, [1, 2, 3]), ("numbers", 6, [4]), ("numbers", 1000, []), ("numbers", 2000, (5, 7))]
    out = outputs_of(LOOP, OddTimesTenCalculator, sent=sent)
    assert pairs_of(out["products"]) == [(5, [10, 30]), (6, []), (1000, []), (2000, [50, 70])]


def test_a_list_longer_than_a_queue_goes_through() -> None:
    text = LOOP.replace("inputs: [numbers]", "max_queue_size: 2\ninputs: [numbers]")
    out = outputs_of(text, OddTimesTenCalculator, sent=[("numbers", 0, list(range(200)))])
    assert out["products"][0].value == [number * 10 for number in range(1, 200, 2)]


def test_a_loop_within_a_loop_gives_lists_of_lists() -> None:
    text = """
version: 1
inputs: [tables]
outputs: [results]
nodes:
  begin_rows: {calculator: BeginLoopCalculator, inputs: {iterable: tables}, outputs: {item: row, batch_end: end_of_rows}}
  begin: {calculator: BeginLoopCalculator, inputs: {iterable: row}, outputs: {item: number, batch_end: end}}
  body: {calculator: OddTimesTenCalculator, inputs: {number: number}, outputs: {product: product}}
  end: {calculator: EndLoopCalculator, inputs: {item: product, batch_end: end}, outputs: {iterable: done_row}}
  end_rows: {calculator: EndLoopCalculator, inputs: {item: done_row, batch_end: end_of_rows}, outputs: {iterable: results}}
"""
    sent = [("tables", 0, [[1, 2], [], [3, 5]]), ("tables", 7, []), ("tables", 8, [[7]])]
    out = outputs_of(text, OddTimesTenCalculator, sent=sent)
    assert pairs_of(out["results"]) == [(0, [[10], [], [30, 50]]), (7, []), (8, [[70]])]


def test_inner_timestamps_count_up_over_all_lists_and_an_empty_one_takes_one_too() -> None:
    out = CalculatorRunner(BeginLoopCalculator()).run(
        iterable=[Packet("ab", Timestamp(-100)), Packet("", Timestamp(0)), Packet("c", Timestamp(50))]
    )
    assert pairs_of(out.packets(BeginLoopCalculator.item)) == [(0, "a"), (1, "b"), (3, "c")]
    lists = [packet for packet in out.packets(BeginLoopCalculator.batch_end) if packet.value.has_list]
    assert pairs_of(lists) == [
        (1, BatchEnd(Timestamp(-100))),
        (2, BatchEnd(Timestamp(0))),
        (3, BatchEnd(Timestamp(50))),
    ]


def test_a_clone_comes_with_every_item_of_its_timestamp() -> None:
    out = CalculatorRunner(BeginLoopCalculator()).run(
        iterable=["ab", "c", "de"], clone=[["x", "y"], [1, 2, 3]]
    )
    assert out[BeginLoopCalculator.item] == ["a", "b", "c", "d", "e"]
    assert [pairs_of(packets) for packets in out.packets(BeginLoopCalculator.cloned)] == [
        [(0, "x"), (1, "x"), (2, "y")],
        [(0, 1), (1, 1), (2, 2), (3, 3), (4, 3)],
    ]


def test_the_end_of_a_loop_may_come_with_its_last_item_or_without() -> None:
    ends = [Packet(BatchEnd(Timestamp(70)), Timestamp(1)), Packet(BatchEnd(Timestamp(80)), Timestamp(3))]
    out = CalculatorRunner(EndLoopCalculator()).run(item=["a", "b", "c"], batch_end=ends)
    assert pairs_of(out.packets(EndLoopCalculator.iterable)) == [(70, ["a", "b"]), (80, ["c"])]
