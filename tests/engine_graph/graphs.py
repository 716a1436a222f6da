"""Engine graphs made of the shipped one, with a model that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import yaml

from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.engine_graph.core import GraphCore
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph_text
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.plan import Plan
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from tests.calculators.engine.remembering_model import END, VOCABULARY, RememberingModel

BLOCKS, BLOCK = 32, 4

FACTS = ModelFacts(
    vocab_size=VOCABULARY,
    context_length=None,
    eos_token_ids=frozenset({END}),
    cache_bytes=0,
    generation_config={},
)


def shipped() -> dict[str, Any]:
    """The shipped engine graph, to be changed."""
    graph: dict[str, Any] = yaml.safe_load(shipped_graphs()["engine"].read_text("utf-8"))
    return graph


def passed_by(node: str) -> dict[str, Any]:
    """The shipped graph with a node that nobody reads: who read it reads what it reads itself."""
    graph = shipped()
    left_out = graph["nodes"][node]
    (made,) = left_out["outputs"].values()
    read = left_out["inputs"].get("logits", left_out["inputs"].get("sampled"))
    for other in graph["nodes"].values():
        inputs = other.get("inputs", {})
        for port, stream in list(inputs.items()):
            if stream == made and node == "prompt_logprobs":
                del inputs[port]
            elif stream == made:
                inputs[port] = read
            elif isinstance(stream, dict) and stream["stream"] == made:
                stream["stream"] = read
    return graph


def without(node: str) -> dict[str, Any]:
    """The shipped graph without a node."""
    graph = passed_by(node)
    del graph["nodes"][node]
    used = yaml.safe_dump(graph["nodes"])
    graph["parameters"] = {name: kind for name, kind in graph["parameters"].items() if f"${{{name}}}" in used}
    return graph


def plan_of(graph: dict[str, Any], *side_packets: str) -> Plan:
    return load_graph_text(
        yaml.safe_dump(graph, sort_keys=False),
        file="mine.yaml",
        registry=Registry.installed(),
        parameters={"models_path": "none", "max_num_batched_tokens": 24, "max_num_seqs": 8},
        outside={name: OutsidePacket() for name in side_packets},
    )


@contextmanager
def core_of(graph: dict[str, Any], **facts: Any) -> Iterator[GraphCore]:
    """A core whose step is this graph."""
    outside = {
        "model": RememberingModel(BLOCK),
        "blocks": BlockPool(BLOCKS, BLOCK),
        "facts": msgspec.structs.replace(FACTS, **facts),
    }
    opened = Graph(plan_of(graph, *outside), side_packets=outside)
    with asyncio.Runner() as runner:
        runner.run(opened.open())
        yield GraphCore(opened, GraphCoreOptions(models_path="none"), "fp")
        runner.run(opened.close())
