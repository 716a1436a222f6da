"""Settings: what a graph says of its streams, executors and nodes apart from their wiring."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isasyncgenfunction, iscoroutinefunction

from ovpipe.errors import did_you_mean
from ovpipe.graph.config import GraphConfig, local
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings
from ovpipe.graph.plan import INLINE
from ovpipe.graph.ports import reads_streams
from ovpipe.graph.wiring import Wiring

OF_RUNS = ("input_policy", "executor", "max_in_flight", "on_error", "source_layer")
"""Keys of a node that say how it runs; they have no meaning for a node without streams."""
OF_READERS = ("input_policy", "executor", "max_in_flight")
"""Those without a meaning for a source, which has no inputs and runs on the event loop."""


def check_streams(config: GraphConfig, streams: Wiring, findings: Findings) -> None:
    """Notes settings of streams that the graph does not have."""
    known = streams.given.keys() | streams.produced.keys()
    for stream in config.streams:
        if stream.mention.name not in known and config.whole:
            name = stream.mention.name
            findings.add(
                stream.mention.place, f"no node produces a stream {name!r}; {did_you_mean(name, known)}"
            )


def check_executors(config: GraphConfig, nodes: Iterable[ResolvedNode], findings: Findings) -> None:
    """Notes executors that nodes name and the graph does not declare, and a declaration of `inline`."""
    known = {executor.mention.name for executor in config.executors} | {INLINE}
    for executor in config.executors:
        if local(executor.mention.name) == INLINE:
            message = f"the executor {INLINE!r} is the event loop, which every graph has; take another name"
            findings.add(executor.mention.place, message)
    for node in nodes:
        name = node.config.executor
        if name not in known and config.whole:
            message = f"unknown executor {name!r}; {did_you_mean(name, known)}"
            findings.add(node.config.stated["executor"], message)


def check_run_keys(node: ResolvedNode, findings: Findings) -> None:
    """Notes keys that say how a node runs where they have no meaning."""
    stated = node.config.stated
    if node.ports is None or node.config.is_subgraph:
        return
    if not node.ports.has_streams:
        for key in OF_RUNS:
            if key in stated:
                message = f"node {node.name!r} has no streams and so takes part in no run; remove {key!r}"
                findings.add(stated[key], message)
        return
    _check_executor(node, findings)
    if reads_streams(node) and "source_layer" in stated:
        message = f"node {node.name!r} reads streams and so is no source; remove 'source_layer'"
        findings.add(stated["source_layer"], message)


def _check_executor(node: ResolvedNode, findings: Findings) -> None:
    """Notes an executor or concurrent calls where the calculator cannot have them."""
    config = node.config
    if node.calculator is None:
        return
    process = node.calculator.process
    awaits = iscoroutinefunction(process) or isasyncgenfunction(process)
    if not reads_streams(node):
        for key in OF_READERS:
            if key in config.stated:
                message = f"node {node.name!r} is a source, which is called again and again; remove {key!r}"
                findings.add(config.stated[key], message)
    elif config.executor != INLINE and awaits:
        message = (
            f"{node.title}.process is async and runs on the event loop; make it plain, or remove 'executor'"
        )
        findings.add(config.stated["executor"], message)
    elif config.max_in_flight > 1 and not awaits and config.executor == INLINE:
        message = f"{node.title}.process is plain, so its calls come one by one; give the node an executor"
        findings.add(config.stated["max_in_flight"], f"{message}, or remove 'max_in_flight'")
