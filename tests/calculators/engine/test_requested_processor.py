"""A logits processor that requests pick by its node's name."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ovpipe.calculator import Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, LogitsRow
from ovpipe.calculators.engine.requested_processor import RequestedProcessor
from ovpipe.engines.graph.processor_arguments import ProcessorArguments
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import logits, row

FLAT = [0.0] * 8


class Plus(ProcessorArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counts how often it is read."""

    amount: int
    read: ClassVar[list[int]] = []

    def __post_init__(self) -> None:
        self.read.append(self.amount)


class PlusCalculator(RequestedProcessor[Plus]):
    arguments = Plus

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow:
        return logits + self.arguments_of(row).amount


def asking(id: int, amount: int) -> BatchRow:
    chosen = {"calculator": {"amount": amount}}
    return msgspec.structs.replace(row(id=id), request=row(id=id, logits_processors=chosen).request)


def test_what_a_request_says_is_read_once_as_long_as_it_is_in_the_steps() -> None:
    Plus.read.clear()
    runner = CalculatorRunner(PlusCalculator())
    first, second, plain = asking(1, 5), asking(2, 7), row(id=3)
    batches = [Batch((first, plain)), Batch((first, second)), Batch((first,)), Batch((second, first))]
    out = runner.run(batch=batches, logits=[logits(*[FLAT for _ in one.rows]) for one in batches])
    found = [[one.row(number)[0] for number in range(len(one.raw))] for one in out[PlusCalculator.processed]]
    assert found == [[5, 0], [5, 7], [5], [7, 5]]
    assert Plus.read == [5, 7, 7], "the second was out of the steps in between"
