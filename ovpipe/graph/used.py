"""Used graphs: those that a node has run elsewhere, such as in an engine's process."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculator import UsedGraph
from ovpipe.errors import did_you_mean, is_interrupt
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.parameters import holds_missing
from ovpipe.graph.part import Part
from ovpipe.graph.place import Findings, Place


def used_by(node: ResolvedNode) -> Sequence[UsedGraph]:
    """The graphs that a node has run elsewhere, as far as its options are known."""
    if node.calculator is None:
        return ()
    known = {name: value for name, value in node.config.options.values.items() if not holds_missing(value)}
    try:
        return node.calculator.used_graphs(known)
    except BaseException as error:  # of a calculator's author; wrong options are findings already
        if is_interrupt(error):
            raise
        return ()


def check_interface(top: Part, used: UsedGraph, findings: Findings) -> None:
    """Notes what a graph lacks that the node which has it run needs."""
    config = top.config
    for what, wanted, mentions in (
        ("input", used.inputs, config.inputs),
        ("output", used.outputs, config.outputs),
        ("side output", used.side_outputs, config.side_outputs),
    ):
        has = [mention.name for mention in mentions]
        for name in wanted:
            if name not in has:
                message = f"the graph has no {what} {name!r}, which whoever runs it needs"
                findings.add(Place(config.file, 1), f"{message}; {did_you_mean(name, has)}")
