"""Assembly: the checked parts of a graph become a plan."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ovpipe.graph.config import SEPARATOR, Mention, StreamConfig, Wires
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.part import Part
from ovpipe.graph.plan import (
    DEFAULT_MAX_QUEUE_SIZE,
    ExecutorPlan,
    NodePlan,
    Plan,
    PolicyPlan,
    SideOutputPlan,
    StreamPlan,
)
from ovpipe.ports import Port

P = TypeVar("P", bound=Port[Any])
P_co = TypeVar("P_co", covariant=True)


class Repeated(Protocol[P_co]):
    """A port that stands for any number of streams."""

    def element(self, index: int, /) -> P_co:
        """The port of one of them."""


def assembled(
    top: Part,
    resources: Sequence[ResolvedNode],
    nodes: Sequence[ResolvedNode],
    settings: Mapping[str, StreamConfig],
    policies: Mapping[str, PolicyPlan],
    back_edges: Container[tuple[str, str]],
) -> Plan:
    """The plan of a graph without findings, whose nodes are expanded and in order.

    `back_edges` are the inputs, by node and port, that close a cycle.
    """
    config = top.config
    streams = _Streams(top, settings)
    plans = [streams.plan(mention, None) for mention in config.inputs]
    for node in nodes:
        plans += [streams.plan(mention, node.name) for _, mention in node.config.outputs.items()]
    indices = {plan.name: index for index, plan in enumerate(plans)}
    return Plan(
        name=config.title,
        file=config.file,
        streams=tuple(plans),
        inputs=tuple(mention.name for mention in config.inputs),
        outputs=tuple(mention.name for mention in config.outputs),
        side_inputs=tuple(one.name for one in config.side_inputs if not one.optional),
        optional_side_inputs=tuple(one.name for one in config.side_inputs if one.optional),
        side_outputs=tuple(_side_outputs(config.side_outputs, resources)),
        resources=tuple(_node(node, indices, policies[node.name], ()) for node in resources),
        nodes=tuple(_node(node, indices, policies[node.name], back_edges) for node in nodes),
        max_queue_size=config.max_queue_size or DEFAULT_MAX_QUEUE_SIZE,
        report_deadlock=config.report_deadlock,
        executors=tuple(
            ExecutorPlan(one.mention.name, one.threads) for part in top.all() for one in part.config.executors
        ),
    )


class _Streams:
    """The files' settings of streams: of single ones, and of all streams of a file."""

    def __init__(self, top: Part, settings: Mapping[str, StreamConfig]) -> None:
        self._settings = settings
        self._sizes = {
            part.config.prefix: part.config.max_queue_size for part in top.all() if part is not top
        }

    def plan(self, mention: Mention, producer: str | None) -> StreamPlan:
        name = mention.name
        stated = self._settings.get(name, StreamConfig(mention))
        around, separator, _ = name.rpartition(SEPARATOR)
        return StreamPlan(
            name,
            producer,
            str(mention.place),
            max_queue_size=stated.max_queue_size or self._sizes.get(around + separator),
            overflow=stated.overflow or "block",
        )


def _node(
    node: ResolvedNode, indices: Mapping[str, int], policy: PolicyPlan, back_edges: Container[tuple[str, str]]
) -> NodePlan:
    assert node.calculator is not None, "an unknown calculator is a finding"
    ports, config = node.calculator.ports, node.config
    inputs, each_input = _wired(ports.inputs, ports.repeated_inputs, config.inputs)
    outputs, each_output = _wired(ports.outputs, ports.repeated_outputs, config.outputs)
    return NodePlan(
        name=node.name,
        calculator=node.calculator,
        options=node.options,
        inputs=tuple((port, indices[mention.name]) for port, mention in inputs),
        outputs=tuple((port, indices[mention.name]) for port, mention in outputs),
        side_inputs=tuple(_side(ports.side_inputs, config.side_inputs)),
        side_outputs=tuple(_side(ports.side_outputs, config.side_outputs)),
        place=str(config.place),
        elements=(*each_input, *each_output),
        policy=policy,
        back_edges=frozenset(
            index for index, (port, _) in enumerate(inputs) if (node.name, port.name) in back_edges
        ),
        executor=config.executor,
        max_in_flight=config.max_in_flight,
        on_error=config.on_error,
        source_layer=config.source_layer,
    )


def _side_outputs(named: Iterable[Mention], resources: Sequence[ResolvedNode]) -> Iterator[SideOutputPlan]:
    made = {
        mention.name: node.calculator.ports.side_outputs[port]
        for node in resources
        for port, mention in node.config.side_outputs.items()
        if node.calculator is not None
    }
    for mention in named:
        port = made[mention.name]
        yield SideOutputPlan(mention.name, port.type, str(port), str(mention.place))


def _wired(
    plain: Mapping[str, P], repeated: Mapping[str, Repeated[P]], wires: Wires
) -> tuple[list[tuple[P, Mention]], list[tuple[Any, tuple[P, ...]]]]:
    """The wired ports with their wires; and for each repeated port, the ports of its single streams."""
    found = [(port, wires.single[name]) for name, port in plain.items() if name in wires.single]
    elements = []
    for name, port in repeated.items():
        mentions = wires.lists.get(name, ())
        own = tuple(port.element(index) for index in range(len(mentions)))
        found += zip(own, mentions, strict=True)
        elements.append((port, own))
    return found, elements


def _side(ports: Mapping[str, P], wires: Wires) -> Iterator[tuple[P, str]]:
    return ((port, wires.single[name].name) for name, port in ports.items() if name in wires.single)
