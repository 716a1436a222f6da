"""What an operator can look into while it runs: graphs, and their live runs with what each waits for."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from ovpipe.errors import RequestError
from ovpipe.runtime.runs.graph import Graph
from ovpipe.runtime.runs.run import Run
from ovpipe.serving.models.model import Model, ModelState
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.routes.patterns import tidied

GRAPHS: Final = "/debug/graphs"
RUNS: Final = "/debug/runs"
RUN: Final = RUNS + "/{id:.+}"
MOST_RUNS: Final = 100
"""Runs that one answer tells of, the oldest first. Others are counted."""
RUNS_A_TURN: Final = 5
"""Runs that are looked at before others have the event loop: a look takes a tenth of a millisecond."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DebugRoutes:
    """`/debug/graphs`, `/debug/runs`, and `/debug/runs/ID` for one run. No packet's value is in any."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def by_path(self) -> Mapping[str, Answer]:
        """The paths without parameters."""
        return {GRAPHS: self._graphs, RUNS: self._runs}

    def _open_graphs(self, model: Model) -> list[Graph]:
        is_open = model.state is ModelState.AVAILABLE
        return [served.graph for served in model.ready().graphs] if is_open else []

    def _live_runs(self) -> Iterator[tuple[str, Run]]:
        """Those of all models, with the models' names."""
        for model in self._repository:
            for graph in self._open_graphs(model):
                for run in graph.runs.values():
                    yield model.name, run

    async def _graphs(self, _: web.Request) -> web.Response:
        models = [
            {
                "model": model.name,
                "state": model.state,
                "reason": model.reason,
                "graphs": [described(graph) for graph in self._open_graphs(model)],
            }
            for model in self._repository
        ]
        return answer({"models": models})

    async def _runs(self, _: web.Request) -> web.Response:
        """The oldest runs of all models, with what each waits for."""
        runs = sorted(self._live_runs(), key=lambda entry: entry[1].started or math.inf)
        shown = []
        for index, (model, run) in enumerate(runs[:MOST_RUNS]):
            if index % RUNS_A_TURN == RUNS_A_TURN - 1:
                await asyncio.sleep(0)
            shown.append(in_short(model, run))
        return answer({"runs": len(runs), "oldest": shown})

    async def run(self, request: web.Request) -> web.Response:
        """One run, with the whole snapshot of it."""
        asked = tidied(request.rel_url.path_safe).removeprefix(f"{RUNS}/")
        for model in self._repository:
            for graph in self._open_graphs(model):
                run = graph.runs.get(asked)
                if run is not None:
                    return answer({**in_short(model.name, run), "snapshot": run.snapshot()})
        raise RequestError(
            404, f"There is no live run of this id. GET {RUNS} lists those there are.", code="run_not_found"
        )


def described(graph: Graph) -> dict[str, Any]:
    """A graph: its nodes, how they are wired, and what they have done where that is counted."""
    metrics = graph.node_metrics()
    return {
        "graph": graph.name,
        "file": graph.plan.file,
        "runs": len(graph.runs),
        "nodes": [
            {
                "name": node.name,
                "calculator": node.calculator.__name__,
                "place": node.place,
                "metrics": metrics.get(node.name),
            }
            for node in graph.plan.nodes
        ],
        "side_packets": {name: type(packet).__name__ for name, packet in graph.side_packets.items()},
    }


def in_short(model: str, run: Run) -> dict[str, Any]:
    """A run in a few words."""
    snapshot = run.snapshot()
    now = time.perf_counter()
    return {
        "id": run.id,
        "model": model,
        "graph": run.graph,
        "state": snapshot.state,
        "seconds": None if snapshot.started is None else round(now - snapshot.started, 3),
        "turns": snapshot.turns,
        "cancelled": snapshot.cancelled,
        "failure": snapshot.failure,
        "waits": run.explain_stall(),
    }


def answer(value: Any) -> web.Response:
    """Such a value as JSON that nobody keeps."""
    return web.Response(
        body=msgspec.json.encode(value),
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )
