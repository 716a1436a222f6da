"""The run that serves one request."""

from __future__ import annotations

import asyncio
import gc
import weakref
from pathlib import Path

from ovpipe.http import HttpRequest, ResponseBody, ResponseStart
from ovpipe.registry import Registry
from ovpipe.serving.config import ModelConfig, ModelGraph
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.graph_lease import GraphLease
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.requests.served_run import ServedRun

PROJECT = Path(__file__).parents[1] / "project"


class Silent:
    """Says nothing of how models load."""

    def loading(self, title: str, node: str, message: str, fraction: float | None) -> None: ...

    def available(self, title: str, seconds: float) -> None: ...

    def failed(self, title: str, reason: str) -> None: ...


def test_a_run_has_the_id_of_its_request_while_it_lives() -> None:
    registry = Registry()
    registry.collect_folder(PROJECT / "calculators")
    models = Repository.load(
        [ModelConfig("counter", (ModelGraph(PROJECT / "graphs" / "counter.yaml"),), {}, PROJECT)], registry
    )
    request = HttpRequest("POST", "/chat/completions", json={"count": 2})

    async def scenario() -> list[object]:
        await models.open(Silent())
        model = models.find("counter")
        lease = model.lease()
        (graph,) = lease.served.graphs
        run = ServedRun(GraphLease(lease, graph), Limits(), request.id)
        parts: list[object] = [await run.start(request)]
        assert list(graph.graph.runs) == [request.id]
        parts += [packet.value async for packet in run.reader]
        await run.nodes_to_end()
        await run.end()
        assert not graph.graph.runs
        await models.close(5)
        return parts

    start, *bodies = asyncio.run(scenario())
    assert isinstance(start, ResponseStart)
    assert bodies == [ResponseBody(b"data: 0\n\n"), ResponseBody(b"data: 1\n\n")]


def test_a_run_that_has_ended_is_freed_without_the_garbage_collector() -> None:
    registry = Registry()
    registry.collect_folder(PROJECT / "calculators")
    models = Repository.load(
        [ModelConfig("counter", (ModelGraph(PROJECT / "graphs" / "counter.yaml"),), {}, PROJECT)], registry
    )
    request = HttpRequest("POST", "/chat/completions", json={"count": 2})

    async def scenario() -> list[str]:
        await models.open(Silent())
        lease = models.find("counter").lease()
        run = ServedRun(GraphLease(lease, lease.served.graphs[0]), Limits(), request.id)
        del lease
        await run.start(request)
        async for _ in run.reader:
            pass
        await run.nodes_to_end()
        await run.end()
        parts: dict[str, weakref.ref[object]] = {"run": weakref.ref(run), "reader": weakref.ref(run.reader)}
        del run
        await asyncio.sleep(0)
        left = [name for name, part in parts.items() if part() is not None]
        await models.close(5)
        return left

    gc.disable()
    try:
        assert asyncio.run(scenario()) == []
    finally:
        gc.enable()
