"""LangGraph's StateGraph. It has no streams: each packet is an `invoke`, in either mode."""

from __future__ import annotations

import operator
import time
from typing import Annotated, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from tests.benchmarks.peers.jobs import Job, answer


class State(TypedDict):
    """What the nodes of a chain hand on, and what the branches of a fan bring together."""

    value: int
    branches: Annotated[list[int], operator.add]


def hand_on(state: State) -> dict[str, Any]:
    """A node of a chain."""
    return {"value": state["value"]}


def branch(state: State) -> dict[str, Any]:
    """A node of a fan."""
    return {"branches": [state["value"]]}


def join(state: State) -> dict[str, Any]:
    """The node after the branches."""
    return {"value": len(state["branches"])}


def graph_of(job: Job) -> Any:
    """The compiled graph."""
    builder = StateGraph(State)
    names = [f"n{i}" for i in range(job.size)]
    for name in names:
        builder.add_node(name, hand_on if job.shape == "chain" else branch)
    if job.shape == "chain":
        for above, below in zip([START, *names], [*names, END], strict=True):
            builder.add_edge(above, below)
    else:
        builder.add_node("join", join)
        for name in names:
            builder.add_edge(START, name)
        builder.add_edge(names, "join")
        builder.add_edge("join", END)
    return builder.compile()


def measure(job: Job) -> float:
    """Invokes the graph once for each packet."""
    graph = graph_of(job)
    config = {"recursion_limit": job.size + 10}
    begin = time.perf_counter()
    for i in range(job.packets):
        result = graph.invoke({"value": i}, config)
        assert result["value"] == (i if job.shape == "chain" else job.size)
    return (time.perf_counter() - begin) / job.packets * 1e6


if __name__ == "__main__":
    answer(measure, "langgraph")
