"""The steps of an engine that serve a run, as its trace shows them."""

from __future__ import annotations

from collections.abc import Callable

from ovpipe.engines.protocol import OnStep, StepTrace
from ovpipe.work import Work

STEP = "step"
"""The lane of whole steps."""


def reports_of_steps(listener: Callable[[Work], None] | None) -> OnStep | None:
    """What an engine calls with each step, where somebody listens: a lane of steps, and one for each node."""
    if listener is None:
        return None

    def report(engine: str, trace: StepTrace) -> None:
        facts: dict[str, int | str] = {"step": trace.step, "rows": trace.rows, "tokens": trace.tokens}
        listener(Work(engine, STEP, f"step {trace.step}", trace.began, trace.ended, facts))
        for span in trace.spans:
            listener(Work(engine, span.node, span.node, span.began, span.ended, {"step": trace.step}))

    return report
