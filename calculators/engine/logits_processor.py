"""LogitsProcessor: what the nodes between the model and the sampler have in common."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow
from ovpipe.ports import Input, Output


class LogitsProcessor(Calculator):
    """Changes the logits of the rows that asked for it; a row that did not costs a look at its request.

    A subclass says what becomes of one row. It is wired between two others: its `batch` is the scheduler's,
    its `logits` are what the processor before it wrote.
    """

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    def process(self, cx: Context) -> None:
        """Looks at each row that a token follows."""
        logits = cx[self.logits]
        changed = {}
        for number, row in enumerate(cx[self.batch].sampled):
            found = self.process_row(cx, row, logits.row(number))
            if found is not None:
                changed[number] = found
        cx.send(self.processed, logits.with_rows(changed))

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """The row with other logits, in an array of its own; None: it stays as it is."""
        raise NotImplementedError
