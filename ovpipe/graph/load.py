"""Loading: the passes from a graph's YAML to its plan, one after another.

Each file goes through the passes of `Parts.read`. This module checks what spans files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ovpipe.calculator import UsedGraph
from ovpipe.errors import GraphError, NotFoundError, RegistryError
from ovpipe.graph.assembly import assembled
from ovpipe.graph.expansion import Expanded, check_started, expanded
from ovpipe.graph.extending import put_together
from ovpipe.graph.files import find_graph, project_folder, read_text
from ovpipe.graph.nodes import ResolvedNode
from ovpipe.graph.order import Order
from ovpipe.graph.outside import OutsidePacket, check_outside, without
from ovpipe.graph.parameters import (
    Given,
    GraphEntry,
    Parameter,
    check_idle,
    check_required,
    declared_parameters,
)
from ovpipe.graph.part import Part
from ovpipe.graph.parts import Around, Parts
from ovpipe.graph.place import Findings
from ovpipe.graph.plan import Plan, PolicyPlan
from ovpipe.graph.policies import policy_of
from ovpipe.graph.schema import check_version
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.graph.used import check_interface, used_by
from ovpipe.graph.wiring import check_types, wire_side_packets, wire_streams
from ovpipe.registry import Registry


def load_graph(
    path: Path | str,
    *,
    registry: Registry,
    parameters: Mapping[str, Any] | None = None,
    base: Path | None = None,
    outside: Mapping[str, OutsidePacket] | None = None,
    entry: GraphEntry | None = None,
    to_others: bool = False,
) -> Plan:
    """The checked plan of a graph file. Raises GraphError with every mistake that was found.

    `parameters` are typed values, or the AssignedText of `parse_assignments`. Relative paths among them
    are relative to `base`, by default the working folder. `outside` are side packets that will be given from
    outside, in place of the nodes that make them. `entry` is where a file states all this. The parameters may
    be given `to_others`, too: one that has no effect in this graph is no mistake, then.
    """
    given = Given(parameters or {}, _folder(base), entry, to_others)
    return _loaded(*_of_file(Path(path), entry), registry, given, outside or {})


def load_graph_text(
    text: str,
    *,
    file: str = "<text>",
    registry: Registry,
    parameters: Mapping[str, Any] | None = None,
    base: Path | None = None,
    outside: Mapping[str, OutsidePacket] | None = None,
    entry: GraphEntry | None = None,
) -> Plan:
    """`load_graph` of a text; `file` names it in messages. All relative paths are relative to `base`."""
    given = Given(parameters or {}, _folder(base), entry)
    return _loaded(read_source(text, file), Around(given.base), registry, given, outside or {})


def check_graph(
    path: Path | str,
    *,
    registry: Registry,
    parameters: Mapping[str, Any] | None = None,
    base: Path | None = None,
    entry: GraphEntry | None = None,
) -> tuple[str, ...]:
    """The parameters of a graph file that still need a value. Raises GraphError with all other mistakes.

    It does not check what depends on these parameters.
    """
    findings = Findings()
    source, around = _of_file(Path(path), entry)
    checked = _checked(source, around, registry, Given(parameters or {}, _folder(base), entry), findings)
    findings.check()
    return tuple(parameter.name for parameter in checked.required)


def draft_plan(path: Path | str, *, registry: Registry, parameters: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a graph file as far as it is known without all parameters, to look at and not to run.

    Nodes whose options need parameters without a value have no options. Raises GraphError with all mistakes;
    a parameter without a value is one where nodes or streams depend on it.
    """
    findings = Findings()
    source, around = _of_file(Path(path), None)
    checked = _checked(source, around, registry, Given(parameters or {}, Path.cwd(), None), findings)
    if not all(part.config.whole and part.has_all_parts() for part in checked.top.all()):
        check_required(checked.required, None, findings)
    findings.check()
    return checked.plan()


def parameters_of(path: Path | str) -> Mapping[str, Parameter]:
    """The parameters of a graph file, of what it extends too; those of wrong declarations are left out.

    Raises GraphError for a file that cannot be read.
    """
    file = Path(path)
    source, _ = _of_file(file, None)
    if not check_version(source, Findings()):
        return {}
    source, _ = put_together(source, file.parent, file, Registry(), Findings())
    return declared_parameters(source, file.parent)


def _of_file(path: Path, entry: GraphEntry | None) -> tuple[YamlSource, Around]:
    used = f" (used by {entry.holder}, {entry.place})" if entry is not None else ""
    return read_source(read_text(path), str(path), used), Around(path.parent, (path,))


def _folder(base: Path | None) -> Path:
    return base.absolute() if base is not None else Path.cwd()


def _loaded(
    source: YamlSource,
    around: Around,
    registry: Registry,
    given: Given,
    outside: Mapping[str, OutsidePacket],
) -> Plan:
    findings = Findings()
    checked = _checked(source, around, registry, given, findings)
    replaced = check_outside(checked.top, checked.graph.nodes, outside, findings)
    idle = _idle_parameters(checked.top, replaced)
    check_required([one for one in checked.required if one.name not in idle], given.entry, findings)
    check_idle(idle, given, source.place("parameters"), findings)
    findings.check()
    return replace(without(checked.plan(), replaced, outside), idle_parameters=tuple(idle))


@dataclass(frozen=True, slots=True)
class _Checked:
    """A graph after all passes."""

    top: Part
    required: Sequence[Parameter]
    graph: Expanded
    policies: Mapping[str, PolicyPlan]
    by_streams: Order
    by_side_packets: Order
    calculator_folders: tuple[Path, ...]
    files: tuple[Path, ...]

    def plan(self) -> Plan:
        """The plan; there must be no findings."""
        resources = [node for node in self.by_side_packets.sorted() if not _has_streams(node)]
        nodes = [node for node in self.by_streams.sorted() if _has_streams(node)]
        plan = assembled(
            self.top, resources, nodes, self.graph.streams, self.policies, self.by_streams.back_edges
        )
        return replace(plan, calculator_folders=self.calculator_folders, files=self.files)


def _checked(
    source: YamlSource, around: Around, registry: Registry, given: Given, findings: Findings
) -> _Checked:
    """All passes. Raises GraphError at once when the file has no graph of a supported version."""
    parts = Parts(registry, findings)
    top = parts.read(source, given, around)
    if top is None:
        findings.check()
    assert top is not None, "why there is no part is a finding"
    graph = expanded(top)
    streams = wire_streams(graph.nodes, top.config.inputs)
    side_packets = wire_side_packets(graph.nodes, top.config.side_inputs)
    check_types(streams, findings)
    check_types(side_packets, findings)
    check_started(top, graph, findings)
    policies = {node.name: policy_of(node, findings) for node in graph.nodes}
    by_streams, by_side_packets = Order(graph.nodes, streams), Order(graph.nodes, side_packets)
    by_streams.check(findings)
    by_streams.check_back_edges(findings)
    by_side_packets.check(findings)
    folders = dict.fromkeys(registry.folders)
    for node in graph.nodes:
        for used in used_by(node):
            folders |= dict.fromkeys(_check_used(used, node, around, registry, findings))
    files = tuple(parts.files)
    return _Checked(top, parts.required, graph, policies, by_streams, by_side_packets, tuple(folders), files)


def _check_used(
    used: UsedGraph, node: ResolvedNode, around: Around, registry: Registry, findings: Findings
) -> Sequence[Path]:
    """Checks a graph that a node has run elsewhere. Returns the folders of its own calculators."""
    place = node.config.place
    try:
        file = find_graph(used.name, Path())
        registry = registry.of_another_process(project_folder(file))
    except (NotFoundError, RegistryError) as error:
        findings.add(place, f"node {node.name!r} has a graph run in a process of its own: {error}")
        return ()
    if file.resolve() in [one.resolve() for one in around.files]:
        findings.add(place, f"node {node.name!r} has a graph run that has this one run: {file}")
        return ()
    entry = GraphEntry(f"graph {used.name}", f"node {node.name!r}", place, {})
    try:
        source, _ = _of_file(file, entry)
        inner = Findings()
        inside = Around(file.parent, (*around.files, file))
        checked = _checked(source, inside, registry, Given(used.parameters, Path.cwd(), entry), inner)
        check_interface(checked.top, used, inner)
        inner.check()
    except GraphError as error:
        findings.add_all(error.findings)
    return registry.folders


def _idle_parameters(top: Part, replaced: frozenset[str]) -> dict[str, Sequence[str]]:
    """The parameters that only replaced nodes refer to, with these nodes."""
    users = {name: list(top.users(name)) for name in top.uses}
    return {
        name: [str(node) for node in dict.fromkeys(nodes)]
        for name, nodes in users.items()
        if replaced.issuperset(nodes)
    }


def _has_streams(node: ResolvedNode) -> bool:
    return node.ports is not None and node.ports.has_streams
