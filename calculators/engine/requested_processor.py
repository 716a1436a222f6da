"""RequestedProcessor: a logits processor that requests pick by its node's name."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.engines.graph.processor_arguments import ProcessorArguments

A = TypeVar("A", bound=ProcessorArguments)


class RequestedProcessor(LogitsProcessor, Generic[A]):
    """Changes the rows of requests whose `logits_processors` name this node; others cost a look.

    A subclass declares `arguments`, the type of what a request may say beside the name. The engine checks
    them before it takes the request in.
    """

    capabilities = frozenset({"logits_processors"})
    arguments: type[A]

    def open(self, cx: Context) -> None:
        """Learns the node's name, which requests use."""
        self._name = cx.node_name
        self._asked: dict[int, A] = {}
        """By the request's id: what those in the step say that use the node."""

    def process(self, cx: Context) -> None:
        """Forgets what the requests said that are not in the step, and goes from row to row."""
        if self._asked:
            here = {row.request.id for row in cx[self.batch].rows}
            self._asked = {request: asked for request, asked in self._asked.items() if request in here}
        super().process(cx)

    def uses(self, row: BatchRow) -> bool:
        """Whether its request picked this processor."""
        return self._name in row.sampling.logits_processors

    def arguments_of(self, row: BatchRow) -> A:
        """What the request of a row that uses the node says."""
        asked = self._asked.get(row.request.id)
        if asked is None:
            asked = msgspec.convert(row.sampling.logits_processors[self._name], self.arguments)
            self._asked[row.request.id] = asked
        return asked
