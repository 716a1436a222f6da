"""Plans written in Python, for tests of the runtime that need no graph file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ovpipe.calculator import Calculator
from ovpipe.graph.plan import ExecutorPlan, NodePlan, Plan, StreamPlan

Overflow = Literal["block", "drop_oldest", "error"]


def node(
    name: str,
    calculator: type[Calculator],
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    *,
    side: Mapping[str, str] | None = None,
    **settings: Any,
) -> tuple[str, type[Calculator], Mapping[str, str], Mapping[str, str], Mapping[str, str], dict[str, Any]]:
    """A node with its streams by port, for `plan`."""
    return name, calculator, inputs or {}, outputs or {}, side or {}, settings


def plan(
    *nodes: Any,
    inputs: tuple[str, ...] = (),
    max_queue_size: int = 100,
    threads: Mapping[str, int] | None = None,
    overflow: Mapping[str, Overflow] | None = None,
    report_deadlock: bool = False,
) -> Plan:
    """A graph of nodes in topological order."""
    names = [*inputs, *(stream for entry in nodes for stream in entry[3].values())]
    plans = tuple(
        NodePlan(
            name,
            cls,
            settings.pop("options", {}),
            tuple((cls.ports.inputs[port], names.index(stream)) for port, stream in reads.items()),
            tuple((cls.ports.outputs[port], names.index(stream)) for port, stream in writes.items()),
            tuple((cls.ports.side_inputs[port], packet) for port, packet in side.items()),
            (),
            f"test:{name}",
            **settings,
        )
        for name, cls, reads, writes, side, settings in nodes
    )
    return Plan(
        "test",
        "test",
        tuple(
            StreamPlan(
                name, None if name in inputs else "node", "test", overflow=(overflow or {}).get(name, "block")
            )
            for name in names
        ),
        inputs,
        tuple(name for name in names if name not in inputs),
        tuple(sorted({packet for entry in nodes for packet in entry[4].values()})),
        (),
        plans,
        max_queue_size,
        tuple(ExecutorPlan(name, count) for name, count in (threads or {}).items()),
        report_deadlock=report_deadlock,
    )
