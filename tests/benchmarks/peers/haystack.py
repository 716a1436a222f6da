"""Haystack's Pipeline. It has no streams: each packet is a run of the pipeline, in either mode."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

from haystack import Pipeline, component

from tests.benchmarks.peers.jobs import Job, answer


@component
class Pass:
    """Hands its input on."""

    @component.output_types(value=int)
    def run(self, value: int) -> dict[str, int]:
        """One packet."""
        return {"value": value}


@component
class Join:
    """Reads `width` inputs and sends one value."""

    def __init__(self, width: int) -> None:
        component.set_input_types(self, **{f"in{i}": int for i in range(width)})
        component.set_output_types(self, value=int)

    def run(self, **values: int) -> dict[str, int]:
        """One packet of each branch."""
        return {"value": len(values)}


def pipeline_of(job: Job) -> tuple[Any, list[str], str]:
    """The pipeline, the components it begins with, and the one it ends with."""
    pipeline = Pipeline()
    names = [f"n{i}" for i in range(job.size)]
    for name in names:
        pipeline.add_component(name, Pass())
    if job.shape == "chain":
        for above, below in pairwise(names):
            pipeline.connect(f"{above}.value", f"{below}.value")
        return pipeline, names[:1], names[-1]
    pipeline.add_component("join", Join(job.size))
    for i, name in enumerate(names):
        pipeline.connect(f"{name}.value", f"join.in{i}")
    return pipeline, names, "join"


def measure(job: Job) -> float:
    """Runs the pipeline once for each packet."""
    pipeline, first, last = pipeline_of(job)
    begin = time.perf_counter()
    for i in range(job.packets):
        result = pipeline.run({name: {"value": i} for name in first})
        assert "value" in result[last]
    return (time.perf_counter() - begin) / job.packets * 1e6


if __name__ == "__main__":
    answer(measure, "haystack-ai")
