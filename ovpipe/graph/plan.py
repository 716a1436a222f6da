"""Plan: a checked graph, in the form from which runs start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ovpipe.calculator import Calculator
from ovpipe.ports import Input, Output, Port, RepeatedInput, RepeatedOutput, SideInput, SideOutput

DEFAULT_MAX_QUEUE_SIZE = 100


INLINE = "inline"
"""The executor that every graph has: the event loop itself."""


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """An input policy by name, with its options, which name inputs (`parts[0]`)."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


DEFAULT_POLICY = PolicyPlan("default")


@dataclass(frozen=True, slots=True)
class ExecutorPlan:
    """A pool of threads, for nodes that take milliseconds and release the GIL."""

    name: str
    threads: int


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream; its index is its place in `Plan.streams`, where the graph's inputs come first."""

    name: str
    producer: str | None
    """The node that writes it; None for an input of the graph."""
    place: str
    """file:line where it is declared."""
    max_queue_size: int | None = None
    """How many packets may wait before a consumer; None: the graph's value."""
    overflow: Literal["block", "drop_oldest", "error"] = "block"
    """At a full queue: the producer waits, the queue drops the oldest packet, or the run fails."""


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
    elements: tuple[tuple[RepeatedInput[Any] | RepeatedOutput[Any], tuple[Port[Any], ...]], ...] = ()
    """For each wired repeated port, the ports of its streams in `inputs` or `outputs`."""
    policy: PolicyPlan = DEFAULT_POLICY
    back_edges: frozenset[int] = frozenset()
    """The positions in `inputs` that close a cycle."""
    executor: str = INLINE
    max_in_flight: int = 1
    on_error: Literal["fail", "drop"] = "fail"
    source_layer: int = 0

    def build(self) -> Calculator:
        """A fresh calculator."""
        return self.calculator(**self.options)


@dataclass(frozen=True, slots=True)
class SideOutputPlan:
    """A side packet that the graph gives to the code that opens it."""

    name: str
    type: Any
    port: str
    """Calculator.port that makes it, for messages."""
    place: str
    """file:line where the graph's side_outputs name it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a graph needs to open and to start runs; names have become indices."""

    name: str
    file: str
    streams: tuple[StreamPlan, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    side_inputs: tuple[str, ...]
    """Side packets required from outside: the graph's own, and those that replace nodes."""
    resources: tuple[NodePlan, ...]
    """Nodes without streams, each after those whose side packets it reads."""
    nodes: tuple[NodePlan, ...]
    """Nodes with streams, each after the producers of its inputs."""
    max_queue_size: int = DEFAULT_MAX_QUEUE_SIZE
    executors: tuple[ExecutorPlan, ...] = ()
    optional_side_inputs: tuple[str, ...] = ()
    """Side packets that may be given from outside; only optional ports take them."""
    side_outputs: tuple[SideOutputPlan, ...] = ()
    """Side packets that the graph gives to the code that opens it."""
    report_deadlock: bool = False
    """Whether a full queue fails the run when nothing else can move, and does not grow."""

    calculator_folders: tuple[Path, ...] = ()
    """Where those of its calculators come from that are a project's own."""
    idle_parameters: tuple[str, ...] = ()
    """Parameters that only nodes refer to which side packets from outside replace."""
    files: tuple[Path, ...] = ()
    """The files that it was read from: the graph's own, what it extends, its subgraphs'."""

    def from_outside(self) -> frozenset[str]:
        """All side packets that may be given from outside; those that a node makes replace the node."""
        made = (name for node in self.resources for _, name in node.side_outputs)
        return frozenset((*self.side_inputs, *self.optional_side_inputs, *made))
