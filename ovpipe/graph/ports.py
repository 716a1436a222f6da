"""Ports: whether each node wires the ports that its calculator has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from ovpipe.errors import did_you_mean
from ovpipe.graph.config import Wires
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.place import Findings
from ovpipe.graph.types import name_of
from ovpipe.ports import Port, PortSet, RepeatedInput, RepeatedOutput


class PortKind(Enum):
    """A kind of ports; the value is its key in a graph file."""

    INPUTS = "inputs"
    OUTPUTS = "outputs"
    SIDE_INPUTS = "side_inputs"
    SIDE_OUTPUTS = "side_outputs"

    @property
    def noun(self) -> str:
        """One port of this kind, in words."""
        return self.value.removesuffix("s").replace("_", " ")

    @property
    def article(self) -> str:
        """The article before the noun."""
        return "a" if self.noun.startswith("s") else "an"

    @property
    def thing(self) -> str:
        """What such a port is wired to."""
        return "stream" if self in (PortKind.INPUTS, PortKind.OUTPUTS) else "side packet"

    def wired(self, node: ResolvedNode) -> Wires:
        """What a node wires to its ports of this kind."""
        wires: Wires = getattr(node.config, self.value)
        return wires

    def ports(self, ports: PortSet) -> Mapping[str, Port[Any]]:
        """The ports of this kind that a calculator has, plain and repeated."""
        found: Mapping[str, Port[Any]] = getattr(ports, self.value)
        repeated: Mapping[str, Port[Any]] = getattr(ports, f"repeated_{self.value}", {})
        return {**found, **repeated}


def kind_of(ports: PortSet, name: str) -> PortKind | None:
    """The kind of a calculator's port; None when it has none of that name."""
    return next((kind for kind in PortKind if name in kind.ports(ports)), None)


def is_repeated(port: Port[Any]) -> bool:
    """Whether a port is wired to a list of streams."""
    return isinstance(port, RepeatedInput | RepeatedOutput)


def check_ports(node: ResolvedNode, whole: bool, findings: Findings) -> None:
    """Notes ports that the calculator does not have, and required ones that are not wired.

    When the graph is not `whole`, a missing port may be there under a wrong key, so it is not noted.
    """
    if node.ports is None:
        return
    strangers = [kind for kind in PortKind if _check_known(node, node.ports, kind, findings)]
    for kind in PortKind:
        _check_lists(node, node.ports, kind, findings)
    if not whole:
        return
    for kind in (PortKind.INPUTS, PortKind.SIDE_INPUTS):
        if kind not in strangers:  # the unknown port is most likely the missing one, misspelt
            _check_required(node, node.ports, kind, findings)
    if PortKind.INPUTS not in strangers:
        _check_starts(node, node.ports, findings)


def check_optional(node: ResolvedNode, optional: frozenset[str], kind: PortKind, findings: Findings) -> None:
    """Notes required ports that read only optional inputs of the graph."""
    if node.ports is None:
        return
    for name, port in kind.ports(node.ports).items():
        wires = kind.wired(node)
        mentions = [wires.single[name]] if name in wires.single else wires.lists.get(name, ())
        read = [mention.name for mention in mentions]
        if read and not getattr(port, "optional", False) and optional.issuperset(read):
            findings.add(
                wires.places[name],
                f"{node.port(name)} must be wired, but {kind.thing} {read[0]!r} is an optional {kind.noun} "
                f"of the graph; make it a required one, or let {node.port(name)} be optional",
            )


def _check_known(node: ResolvedNode, ports: PortSet, kind: PortKind, findings: Findings) -> bool:
    known, wires = kind.ports(ports), kind.wired(node)
    strangers = [name for name in wires if name not in known]
    for name in strangers:
        other = kind_of(ports, name)
        if other is not None:
            remedy = f", but {other.article} {other.noun} of that name; wire it under {other.value}"
        else:
            remedy = f"; {did_you_mean(name, known)}"
        findings.add(wires.places[name], f"{node.title} has no {kind.noun} {name!r}{remedy}")
    return bool(strangers)


def _check_lists(node: ResolvedNode, ports: PortSet, kind: PortKind, findings: Findings) -> None:
    """Notes lists for plain ports, and single names for repeated ones."""
    wires = kind.wired(node)
    for name, port in kind.ports(ports).items():
        if name in wires.lists and not is_repeated(port):
            example = next((mention.name for mention in wires.lists[name]), f"<{kind.thing}>")
            message = f"{node.port(name)} takes one {kind.thing} and no list; write `{name}: {example}`"
        elif name in wires.single and is_repeated(port):
            example = wires.single[name].name
            message = f"{node.port(name)} takes a list of streams; write `{name}: [{example}]`"
        else:
            continue
        findings.add(wires.places[name], message)


def _check_required(node: ResolvedNode, ports: PortSet, kind: PortKind, findings: Findings) -> None:
    for name, port in kind.ports(ports).items():
        if getattr(port, "optional", False):
            continue
        example = f"[<{kind.thing}>, ...]" if is_repeated(port) else f"<{kind.thing}>"
        if kind.wired(node).lists.get(name) == () and is_repeated(port):
            findings.add(
                kind.wired(node).places[name],
                f"{node.port(name)} needs at least one stream; write `{name}: {example}`",
            )
        elif not _is_wired(node, name):
            about = "" if port.type is Any and node.config.is_subgraph else f" ({name_of(port.type)})"
            findings.add(
                node.config.place,
                f"node {node.name!r} does not wire {kind.noun} {node.port(name)}{about}; "
                f"add `{name}: {example}` under its {kind.value}",
            )


def _is_wired(node: ResolvedNode, name: str) -> bool:
    """Whether a port is wired, even under a wrong key, which has a finding already."""
    return any(name in kind.wired(node) for kind in PortKind)


def _check_starts(node: ResolvedNode, ports: PortSet, findings: Findings) -> None:
    """Refuses nodes that nothing would start: a node without input streams is a source and must write one."""
    if node.config.is_subgraph or not ports.has_streams or reads_streams(node):
        return
    names = PortKind.INPUTS.ports(ports)
    writes = ports.outputs or ports.repeated_outputs
    if not writes and all(getattr(port, "optional", False) for port in names.values()):
        message = (
            f"node {node.name!r} wires no input, so nothing would start it; "
            f"wire at least one of: {', '.join(names)}"
        )
        findings.add(node.config.place, message)


def reads_streams(node: ResolvedNode) -> bool:
    """Whether any input is wired; a node that writes streams and reads none is a source."""
    return any(True for _ in node.config.inputs.items())
