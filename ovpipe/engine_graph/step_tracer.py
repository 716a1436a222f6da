"""StepTracer: when each node of the engine's graph worked, in the steps that serve traced requests."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Protocol

from ovpipe.engine_graph.step_runs import StepRuns
from ovpipe.engines.protocol import GenerateRequest, NodeSpan, StepTrace
from ovpipe.runtime.watching.events import Call
from ovpipe.runtime.watching.listener import Listener


class ReadRow(Protocol):
    """What a step reads of one sequence."""

    @property
    def request(self) -> GenerateRequest:
        """What the sequence is of."""

    @property
    def tokens(self) -> Sequence[int]:
        """The tokens that the model reads."""


class LiveRequests(Protocol):
    """The requests that are not over."""

    def __contains__(self, request_id: int, /) -> bool: ...


class StepTracer(Listener):
    """Listens to the steps' run while there are traced requests, and not at all while there are none."""

    def __init__(self) -> None:
        self._requests: set[int] = set()
        self._spans: list[NodeSpan] = []
        self._began = 0

    def call_ended(self, call: Call) -> None:
        """A node has worked."""
        if call.phase == "process":
            node = call.run.blueprint.nodes[call.node].name
            self._spans.append(NodeSpan(node, call.began, call.ended))

    def add(self, request_id: int) -> None:
        """A request to trace."""
        self._requests.add(request_id)

    def begin_step(self, runs: StepRuns) -> None:
        """A step is about to begin."""
        if self._requests:
            runs.attach(self)
            self._spans = []
            self._began = perf_counter_ns()

    def end_step(
        self, runs: StepRuns, step: int, batch: Sequence[ReadRow], live: LiveRequests
    ) -> StepTrace | None:
        """What there is to say of the step: nothing unless a traced request was in the batch.

        `live` are the requests that are not over.
        """
        if not self._requests:
            return None
        ended = perf_counter_ns()
        served = sorted({row.request.id for row in batch} & self._requests)
        self._requests = {request for request in self._requests if request in live}
        if not self._requests:
            runs.detach(self)
        if not served:
            return None
        return StepTrace(
            step=step,
            requests=served,
            rows=len(batch),
            tokens=sum(len(row.tokens) for row in batch),
            began=self._began,
            ended=ended,
            spans=self._spans,
        )
