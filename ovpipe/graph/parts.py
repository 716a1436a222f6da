"""Parts: a graph's file and the files of its subgraphs, each through the passes of one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ovpipe.errors import GraphError, NotFoundError
from ovpipe.graph.config import SEPARATOR, NodeConfig, local
from ovpipe.graph.extending import put_together
from ovpipe.graph.files import find_graph, read_text
from ovpipe.graph.never_set import check_possible
from ovpipe.graph.nodes import ResolvedNode, resolve_node
from ovpipe.graph.parameters import (
    Given,
    GraphEntry,
    Parameter,
    check_given,
    check_required,
    declared_parameters,
    parameter_values,
)
from ovpipe.graph.part import Part, check_part, subgraph_node
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.reading import read_config
from ovpipe.graph.schema import check_version
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.graph.substitution import Uses, filled
from ovpipe.registry import Registry

MAX_SUBGRAPHS = 1000
MAX_NESTING = 32


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a file: its folder, and the files from the outermost graph to it, with places."""

    folder: Path
    files: tuple[Path, ...] = ()
    """The last one is the file itself; empty for a graph given as text."""
    prefix: str = ""
    uses: tuple[Place, ...] = ()

    def inside(self, node: NodeConfig, file: Path) -> Around:
        """The same for the file of a subgraph."""
        return Around(file.parent, (*self.files, file), node.name + SEPARATOR, (node.place, *self.uses))

    @property
    def used(self) -> str:
        """What messages add for a mistake in a subgraph's file."""
        if not self.uses:
            return ""
        uses = ", which is used at ".join(map(str, self.uses))
        return f" (in subgraph {self.prefix.removesuffix(SEPARATOR)!r}, used at {uses})"


@dataclass(slots=True)
class Parts:
    """Reads a graph with all its subgraphs. It notes mistakes and reads the rest."""

    registry: Registry
    findings: Findings
    required: list[Parameter] = field(default_factory=list)
    """Parameters of the graph itself that still need a value."""
    files: dict[Path, None] = field(default_factory=dict)
    """The files that were read, each once."""
    _count: int = 0

    def read(self, source: YamlSource, given: Given, around: Around) -> Part | None:
        """The part of a file; None when its version is not supported."""
        if not check_version(source, self.findings):
            return None
        file = around.files[-1] if around.files else None
        source, whole = put_together(source, around.folder, file, self.registry, self.findings)
        self.files |= dict.fromkeys((*around.files[-1:], *source.extended.values()))
        written, known = source, len(self.required)
        source, uses = self._filled(source, whole, given, around)
        folder = partial(source.folder, own=around.folder)
        config = read_config(source, around.prefix, whole, self.findings)
        nodes: list[ResolvedNode] = []
        parts: dict[str, Part] = {}
        for node in config.nodes:
            if not node.is_subgraph:
                base = folder(node.options.place).absolute()
                nodes.append(resolve_node(node, self.registry, base, self.findings))
                continue
            part = self._subgraph(node, whole, around, folder)
            nodes.append(subgraph_node(node, part))
            if part is not None:
                parts[node.name] = part
        own = {local(node.name): node for node in nodes}
        check_possible(written, uses, self.required[known:], own, self.findings)
        part = Part(config, tuple(nodes), parts, uses)
        check_part(part, self.findings)
        return part

    def _filled(
        self, source: YamlSource, whole: bool, given: Given, around: Around
    ) -> tuple[YamlSource, Uses]:
        declared = declared_parameters(source, around.folder)
        if whole:
            check_given(declared, given, source.place("parameters"), self.findings)
        values, required = parameter_values(declared, given, self.findings)
        if around.uses:
            check_required(required, given.entry, self.findings)
        else:  # a parameter of nodes that are replaced needs none, and which are is not known yet
            self.required += required
        return filled(source, values, whole, self.findings)

    def _subgraph(
        self, node: NodeConfig, whole: bool, around: Around, folder: Callable[[Place], Path]
    ) -> Part | None:
        file = self._found(node, around, folder)
        if file is None or node.graph is None:
            return None
        inside = around.inside(node, file)
        try:
            source = read_source(read_text(file), str(file), inside.used)
        except GraphError as error:
            self.findings.add_all(error.findings, inside.used)
            return None
        entry = GraphEntry(f"graph {node.graph.name}", "the node", node.place, node.parameters.places, whole)
        given = Given(node.parameters.values, folder(node.parameters.place).absolute(), entry)
        return self.read(source, given, inside)

    def _found(self, node: NodeConfig, around: Around, folder: Callable[[Place], Path]) -> Path | None:
        """The file of a subgraph, unless something is wrong with it."""
        if node.graph is None:
            return None
        try:
            file = find_graph(node.graph.name, folder(node.graph.place))
        except NotFoundError as error:
            self.findings.add(node.graph.place, str(error))
            return None
        self._count += 1
        resolved = [one.resolve() for one in around.files]
        if file.resolve() in resolved:
            first = resolved.index(file.resolve())
            chain = " -> ".join(map(str, (*around.files[first:], file)))
            message = f"a graph cannot be inside itself: {chain}; let one of them use another graph"
        elif len(around.uses) >= MAX_NESTING:
            message = f"subgraphs are nested deeper than {MAX_NESTING} levels"
        elif self._count > MAX_SUBGRAPHS:
            message = f"the graph has more than {MAX_SUBGRAPHS} subgraphs"
        else:
            return file
        self.findings.add(node.graph.place, message)
        return None
