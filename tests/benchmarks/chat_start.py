"""The chat graph's nodes with a fake engine: what a request of one token costs besides the model."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from ovpipe.calculator import Calculator, Context
from ovpipe.graph.load import load_graph
from ovpipe.graph.plan import NodePlan
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from ovpipe.testing.fakes import FakeEngine, FakeTokenizer

REQUEST = HttpRequest(
    method="POST", path="/completions", json={"model": "m", "prompt": "hi", "max_tokens": 1, "stream": True}
)


def chat_graph(engine: FakeEngine) -> Graph:
    """graphs/chat.yaml, its resources replaced by fakes."""
    plan = load_graph(
        Path(str(files("ovpipe.graphs") / "chat.yaml")),
        registry=Registry.installed(),
        parameters={"models_path": "none"},
    )
    fakes = {"engine": engine, "tokenizer": FakeTokenizer(), "chat_template": None, "grammar_checker": None}

    def fake(node: NodePlan) -> Callable[[], Calculator]:
        ports = node.calculator.ports.side_outputs

        class Fake(Calculator):
            """Sets fakes where the real node loads a part of a model."""

            def open(self, cx: Context) -> None:
                for name, port in ports.items():
                    cx.set_side(port, fakes[name])

        return Fake

    loading = [node for node in plan.resources if fakes.keys() & node.calculator.ports.side_outputs.keys()]
    return Graph(plan, build={node.name: fake(node) for node in loading})


async def requests(count: int) -> float:
    """One after another, from the start of a run to its end; microseconds a request."""
    engine = FakeEngine([FakeTokenizer.EOS])
    parts = 0

    def count_part(packet: object) -> None:
        nonlocal parts
        parts += 1

    async with chat_graph(engine) as graph:
        begin = time.perf_counter()
        for _ in range(count):
            async with graph.run() as run:
                run.observe("http_response", count_part)
                await run.send("http_request", REQUEST, at=0)
        took = time.perf_counter() - begin
    assert len(engine.finished) == count < parts
    return took / count * 1e6
