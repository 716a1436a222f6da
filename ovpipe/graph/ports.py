"""Ports: whether each node wires the ports that its calculator has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from ovpipe.errors import did_you_mean
from ovpipe.graph.config import Mention
from ovpipe.graph.nodes import Node
from ovpipe.graph.place import Findings
from ovpipe.graph.types import name_of
from ovpipe.ports import Port, PortSet


class Kind(Enum):
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

    def wired(self, node: Node) -> Mapping[str, Mention]:
        """What a node wires to its ports of this kind."""
        wires: Mapping[str, Mention] = getattr(node.config, self.value)
        return wires

    def ports(self, ports: PortSet) -> Mapping[str, Port[Any]]:
        """The ports of this kind that a calculator has."""
        found: Mapping[str, Port[Any]] = getattr(ports, self.value)
        return found


def kind_of(ports: PortSet, name: str) -> Kind | None:
    """The kind of a calculator's port; None when it has none of that name."""
    return next((kind for kind in Kind if name in kind.ports(ports)), None)


def check_ports(node: Node, whole: bool, findings: Findings) -> None:
    """Notes ports that the calculator does not have, and required ones that are not wired.

    Where the graph is not `whole`, what is missing may be there under a wrong key, so it is not noted.
    """
    if node.ports is None:
        return
    strangers = [kind for kind in Kind if _check_known(node, node.ports, kind, findings)]
    if not whole:
        return
    for kind in (Kind.INPUTS, Kind.SIDE_INPUTS):
        if kind not in strangers:  # a missing port is most likely the stranger under its right name
            _check_required(node, node.ports, kind, findings)
    if Kind.INPUTS not in strangers:
        _check_reads(node, node.ports, findings)


def _check_known(node: Node, ports: PortSet, kind: Kind, findings: Findings) -> bool:
    known = kind.ports(ports)
    strangers = [name for name in kind.wired(node) if name not in known]
    for name in strangers:
        other = kind_of(ports, name)
        if other is not None:
            remedy = f", but {other.article} {other.noun} of that name; wire it under {other.value}"
        else:
            remedy = f"; {did_you_mean(name, known)}"
        message = f"{node.calculator_name} has no {kind.noun} {name!r}{remedy}"
        findings.add(kind.wired(node)[name].place, message)
    return bool(strangers)


def _check_required(node: Node, ports: PortSet, kind: Kind, findings: Findings) -> None:
    for name, port in kind.ports(ports).items():
        if not getattr(port, "optional", False) and not _is_wired(node, name):
            thing = "stream" if kind is Kind.INPUTS else "side packet"
            findings.add(
                node.config.place,
                f"node {node.name!r} does not wire {kind.noun} {node.port(name)} ({name_of(port.type)}); "
                f"add `{name}: <{thing}>` under its {kind.value}",
            )


def _is_wired(node: Node, name: str) -> bool:
    """Whether a port is wired, be it under a wrong key, which is told already."""
    return any(name in kind.wired(node) for kind in Kind)


def _check_reads(node: Node, ports: PortSet, findings: Findings) -> None:
    """Refuses sources: nodes with streams that read none."""
    if not ports.has_streams or node.config.inputs:
        return
    if not ports.inputs:
        findings.add(
            node.config.place,
            f"node {node.name!r} has no input to start it; {node.calculator_name} is a source, "
            "and sources come with a later version: give the calculator an input",
        )
    elif all(port.optional for port in ports.inputs.values()):
        names = ", ".join(ports.inputs)
        message = (
            f"node {node.name!r} wires no input, so nothing would start it; wire at least one of: {names}"
        )
        findings.add(node.config.place, message)
