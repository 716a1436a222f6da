"""Plan: a graph that was checked whole, in the form that runs are started from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovpipe.calculator import Calculator
from ovpipe.ports import Input, Output, SideInput, SideOutput

DEFAULT_MAX_QUEUE_SIZE = 100


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream; its index is its place in `Plan.streams`, where the graph's inputs come first."""

    name: str
    producer: str | None
    """The node that writes it; None for an input of the graph."""
    place: str
    """file:line where it is declared."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node: its calculator, its checked options, and its wired ports (unwired ones are left out)."""

    name: str
    calculator: type[Calculator]
    options: Mapping[str, Any]
    inputs: tuple[tuple[Input[Any], int], ...]
    outputs: tuple[tuple[Output[Any], int], ...]
    side_inputs: tuple[tuple[SideInput[Any], str], ...]
    side_outputs: tuple[tuple[SideOutput[Any], str], ...]
    place: str
    """file:line of the node, for messages."""

    def build(self) -> Calculator:
        """A fresh calculator."""
        return self.calculator(**self.options)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a graph needs to open and to start runs; names have become indices."""

    name: str
    file: str
    streams: tuple[StreamPlan, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    side_inputs: tuple[str, ...]
    """Side packets required from outside."""
    resources: tuple[NodePlan, ...]
    """Nodes without streams, each after those whose side packets it reads."""
    nodes: tuple[NodePlan, ...]
    """Nodes with streams, each after the producers of its inputs."""
    max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE
