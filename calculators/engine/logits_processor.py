"""LogitsProcessor: what the nodes between the model and the sampler have in common."""

from __future__ import annotations

import logging
from typing import ClassVar

import numpy as np

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import RequestRefused
from ovpipe.ports import Input, Output

log = logging.getLogger(__name__)


class LogitsProcessor(Calculator):
    """Changes the logits of the rows that use it; any other row costs a look at its request.

    A subclass says which rows use it, and what becomes of one. It is wired between two others: its `batch` is
    the scheduler's, its `logits` are what the processor before it wrote.

    A row fails alone. When `process_row` raises RequestRefused, its request is refused with the message; any
    other exception is logged, and its request fails. When `process` itself raises, the requests whose rows
    use the node fail, and the others repeat the step with new calculators. So what a processor keeps from
    step to step can be made again from a row's tokens.
    """

    capabilities: ClassVar[frozenset[str]] = frozenset()
    """The request parameters that it honours, by the API's names."""

    batch = Input[Batch]()
    logits = Input[Logits]()
    processed = Output[Logits]()

    _memory: list[LogitsRow] | None = None
    """Rows of their own that this step has used, or the one before it."""
    _used = 0

    def process(self, cx: Context) -> None:
        """Looks at each row that a token follows."""
        self._begin_step()
        logits = cx[self.logits]
        changed: dict[int, LogitsRow] = {}
        refused: dict[int, Refused] = {}
        for number, row in enumerate(cx[self.batch].sampled):
            if number in logits.refused:
                continue
            try:
                found = self.process_row(cx, row, logits.row(number)) if self.uses(row) else None
            except RequestRefused as error:
                refused[number] = Refused(row.request.id, str(error), param=error.param)
            except Exception:  # a fault over one row is no reason to fail the others
                if not row.accepted:  # of a guess nothing is said: it may be wrong
                    log.exception("node %r failed over request %d", cx.node_name, row.request.id)
                fact = f"node {cx.node_name!r} of the engine's graph failed over it"
                refused[number] = Refused(row.request.id, fact, failed=True)
            else:
                if found is not None:
                    changed[number] = found
        cx.send(self.processed, logits.with_rows(changed).without(refused))

    def copy_of(self, logits: LogitsRow) -> LogitsRow:
        """A row in an array of its own, to be changed: it holds until the node's next step.

        The memory is that of the step before. Memory for 151,936 logits that is asked for anew takes four
        times as long as the copy.
        """
        assert self._memory is not None, "a step has begun"
        if self._used == len(self._memory):
            self._memory.append(np.empty_like(logits))
        found = self._memory[self._used]
        self._used += 1
        np.copyto(found, logits)
        return found

    def _begin_step(self) -> None:
        # Of a step with fewer rows than the one before it less is kept.
        self._memory = (self._memory or [])[: self._used]
        self._used = 0

    def uses(self, row: BatchRow) -> bool:
        """Whether the node has anything to do with a row, by what its request asked for."""
        return True

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        """A row that uses the node with other logits, in an array of its own; None: it stays as it is."""
        raise NotImplementedError
