"""GraphFacts: what a graph's file says, with all that it has of the graphs that it extends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from ovpipe.graph.config import GraphInput, NodeConfig
from ovpipe.graph.extending import read_whole
from ovpipe.graph.parameters import MISSING, Parameter, declared_parameters
from ovpipe.graph.place import Findings
from ovpipe.graph.reading import read_config
from ovpipe.registry import Registry


class ParameterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter; one without a default is required, one that is fixed takes no value."""

    name: str
    type: str
    required: bool
    default: Any = msgspec.UNSET
    fixed: Any = msgspec.UNSET
    description: str = ""


class EntranceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A stream or a side packet that enters a graph."""

    name: str
    optional: bool


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node: its calculator, or the graph that it stands for; the file that writes it."""

    name: str
    calculator: str | None = None
    graph: str | None = None
    file: str


class GraphFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A graph as those see it who use it."""

    kind: Literal["graph"] = "graph"
    name: str
    file: str
    description: str
    extends: Sequence[str]
    """The files that it extends, the nearest first."""
    parameters: Sequence[ParameterFacts]
    inputs: Sequence[EntranceFacts]
    outputs: Sequence[str]
    side_inputs: Sequence[EntranceFacts]
    side_outputs: Sequence[str]
    nodes: Sequence[NodeFacts]
    """In the order of the file."""

    @classmethod
    def of(cls, file: Path, registry: Registry) -> GraphFacts:
        """The facts of a file. Raises GraphError for one that is no graph."""
        source = read_whole(file, registry)
        config = read_config(source, "", True, Findings())
        return cls(
            name=config.title,
            file=str(file),
            description=source.value.get("description", ""),
            extends=[str(one) for one in source.extended.values()],
            parameters=[_parameter(one) for one in declared_parameters(source, file.parent).values()],
            inputs=_entrances(config.inputs),
            outputs=[one.name for one in config.outputs],
            side_inputs=_entrances(config.side_inputs),
            side_outputs=[one.name for one in config.side_outputs],
            nodes=[_node(node) for node in config.nodes],
        )


def _parameter(parameter: Parameter) -> ParameterFacts:
    return ParameterFacts(
        name=parameter.name,
        type=parameter.type,
        required=parameter.own is MISSING,
        default=msgspec.UNSET if parameter.default is MISSING else parameter.default,
        fixed=msgspec.UNSET if parameter.fixed is MISSING else parameter.fixed,
        description=parameter.description,
    )


def _entrances(inputs: Sequence[GraphInput]) -> list[EntranceFacts]:
    return [EntranceFacts(name=one.name, optional=one.optional) for one in inputs]


def _node(node: NodeConfig) -> NodeFacts:
    return NodeFacts(
        name=node.name,
        calculator=node.calculator.name if node.calculator is not None else None,
        graph=node.graph.name if node.graph is not None else None,
        file=node.place.file,
    )
