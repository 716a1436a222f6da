"""Outside: side packets that are given from outside a graph, and the nodes that they replace.

A side packet given from outside takes the place of the node without streams that would make it. That node
is not built, and neither is one that fed only nodes which are not built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from ovpipe.errors import Finding, GraphError, did_you_mean
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.part import Part
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.graph.types import fits, name_of, names_of


@dataclass(frozen=True, slots=True)
class OutsidePacket:
    """A side packet as it is known before there is a value: its type, and what gives it."""

    type: Any = Any
    giver: str = ""
    """What messages say of it, as in "from EngineCalculator.engine of resource 'qwen'"."""
    place: Place | None = None
    """Where it is given; None: not in a file."""
    wanted: bool = True
    """Whether it is a mistake when the graph has no side packet of that name."""


@dataclass(frozen=True, slots=True)
class SideNode:
    """What a node, with streams or without, takes and makes of side packets."""

    name: str
    place: str
    takes: frozenset[str]
    makes: frozenset[str]

    @classmethod
    def of(cls, node: ResolvedNode) -> SideNode:
        """Of a node that was read."""
        config = node.config
        takes = frozenset(mention.name for _, mention in config.side_inputs.items())
        makes = frozenset(mention.name for _, mention in config.side_outputs.items())
        return cls(node.name, str(config.place), takes, makes)

    @classmethod
    def of_plan(cls, node: NodePlan) -> SideNode:
        """Of a node that was checked."""
        takes = frozenset(name for _, name in node.side_inputs)
        return cls(node.name, node.place, takes, frozenset(name for _, name in node.side_outputs))

    def incomplete(self, given: Collection[str]) -> str:
        """What is wrong when some of what the node makes is given, and some is not; "" when nothing is."""
        own = sorted(self.makes.intersection(given))
        missing = sorted(self.makes.difference(given))
        if not own or not missing:
            return ""
        return (
            f"{_listed(own)} given from outside in place of node {self.name!r} ({self.place}), which makes "
            f"{', '.join(map(repr, missing))} too; give {'that' if len(missing) == 1 else 'those'} as well, "
            f"or let the node make all of them"
        )


def replaced_nodes(
    nodes: Sequence[SideNode], given: Collection[str], outputs: Collection[str]
) -> frozenset[str]:
    """The nodes that are not built when some side packets are given from outside.

    These are the makers of what is given, and nodes that fed only such ones: nothing that is built reads
    what they make, nor is it one of the graph's own `outputs`. A node whose side packets no node read
    before is built as ever.
    """
    left = {node.name for node in nodes if node.makes.intersection(given)}
    while True:
        read = set(outputs).union(*(node.takes for node in nodes if node.name not in left))
        fed = set[str]().union(*(node.takes for node in nodes if node.name in left))
        idle = {
            node.name
            for node in nodes
            if node.name not in left and node.makes & fed and node.makes.isdisjoint(read)
        }
        if not idle:
            return frozenset(left)
        left |= idle


def check_outside(
    top: Part, nodes: Sequence[ResolvedNode], outside: Mapping[str, OutsidePacket], findings: Findings
) -> frozenset[str]:
    """The nodes that side packets from outside replace; notes what cannot be given, or only in part."""
    if not outside:
        return frozenset()
    sides = [SideNode.of(node) for node in nodes]
    taken = {mention.name for mention in top.config.side_inputs}
    known = taken.union(*(side.makes for side in sides))
    start, graph = Place(top.config.file, 1), top.config.title
    if all(part.config.whole for part in top.all()):
        for name, packet in outside.items():
            if name not in known and packet.wanted:
                message = f"graph {graph!r} takes no side packet {name!r} from outside: "
                findings.add(packet.place or start, message + did_you_mean(name, known))
    given = known.intersection(outside)
    for side in sides:
        if message := side.incomplete(given):
            place = next(outside[name].place for name in outside if name in side.makes)
            findings.add(place or start, message)
    replaced = replaced_nodes(sides, given, [mention.name for mention in top.config.side_outputs])
    _check_types([node for node in nodes if node.name not in replaced], outside, findings)
    return replaced


def _check_types(
    nodes: Iterable[ResolvedNode], outside: Mapping[str, OutsidePacket], findings: Findings
) -> None:
    for node in nodes:
        ports = node.ports.side_inputs if node.ports is not None else {}
        for port, mention in node.config.side_inputs.items():
            packet = outside.get(mention.name)
            if packet is None or port not in ports or fits(packet.type, ports[port].type):
                continue
            made, taken = names_of(packet.type, ports[port].type)
            giver = f", {packet.giver}" if packet.giver else ", from outside"
            where = f" ({mention.place})" if packet.place else ""
            findings.add(
                packet.place or mention.place,
                f"{node.port(port)}{where} takes {taken}, but side packet {mention.name!r} carries "
                f"{made}{giver}",
            )


def with_outside(plan: Plan, given: Mapping[str, Any]) -> Plan:
    """The plan without the nodes that these values replace; what replaces them is a side input of it.

    All names are known. Raises GraphError where a node makes only some of the side packets that are given,
    and for values that are of no type that a node takes.
    """
    sides = [SideNode.of_plan(node) for node in (*plan.resources, *plan.nodes)]
    messages = [(side.place, message) for side in sides if (message := side.incomplete(given))]
    replaced = replaced_nodes(sides, given, [output.name for output in plan.side_outputs])
    messages += [
        (node.place, f"{port} takes {name_of(port.type)}, but {_said_of(given[name], name)}")
        for node in (*plan.resources, *plan.nodes)
        for port, name in node.side_inputs
        if node.name not in replaced and name in given and not _is_one(given[name], port.type)
    ]
    if messages:
        raise GraphError([_finding(place, message) for place, message in messages])
    return without(plan, replaced, given)


def without(plan: Plan, replaced: Collection[str], given: Iterable[str]) -> Plan:
    """The plan without nodes that are replaced; what is given in their place is a side input of it."""
    if not replaced:
        return plan
    left = [node for node in plan.resources if node.name in replaced]
    made = {name for node in left for _, name in node.side_outputs}
    return replace(
        plan,
        resources=tuple(node for node in plan.resources if node.name not in replaced),
        side_inputs=(*plan.side_inputs, *(name for name in given if name in made)),
    )


def _is_one(value: object, taken: Any) -> bool:
    """Whether a value may be taken for one of a type.

    A value of a type of Python's own has to be one. An object of an author's class may be a stand-in, such
    as a test's fake, for another author's class, but not for a type of Python's own.
    """
    try:
        if isinstance(value, taken) or fits(type(value), taken):
            return True
    except TypeError:  # no class, or one that isinstance refuses, as most protocols
        return True
    own = [one for one in get_args(taken) or (taken,) if one is not type(None)]
    return type(value).__module__ != "builtins" and any(one.__module__ != "builtins" for one in own)


def _said_of(value: object, name: str) -> str:
    return f"the value given for side packet {name!r} is of class {name_of(type(value))}"


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"side packet {names[0]!r} is"
    return f"side packets {', '.join(map(repr, names))} are"


def _finding(place: str, message: str) -> Finding:
    file, _, line = place.rpartition(":")
    return Finding(file, int(line), message) if line.isdecimal() else Finding(place, 1, message)
