"""Written: a graph that extends others as the text of one file, which loads to an equal plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ovpipe.errors import GraphError, NotFoundError
from ovpipe.graph.extending.chain import put_together, read_whole
from ovpipe.graph.extending.draft import Draft
from ovpipe.graph.extending.yaml_text import yaml_text
from ovpipe.graph.files import find_graph, read_text
from ovpipe.graph.place import Findings
from ovpipe.graph.source import YamlSource, read_source
from ovpipe.option_types import path_of, with_paths
from ovpipe.options import options_of
from ovpipe.registry import Registry


def expanded_text(file: Path, registry: Registry) -> str:
    """The YAML of a graph's file with all that it has of the graphs that it extends.

    Its relative paths are relative to the file's folder. Raises GraphError for a file that is no graph, or
    whose changes cannot be made.
    """
    return yaml_text(_Paths(read_whole(file, registry), file.parent, registry).value())


class _Paths:
    """Paths that other files write, made relative to nothing."""

    def __init__(self, source: YamlSource, own: Path, registry: Registry) -> None:
        self._source = source
        self._own = own
        self._registry = registry
        self._draft = Draft(source)

    def value(self) -> dict[str, Any]:
        """The source's values."""
        for name, entry in self._draft.value.get("parameters", {}).items():
            for key in ("default", "fixed"):
                if key in entry:
                    base = self._base("parameters", name, key)
                    entry[key] = _rebased(entry[key], Path if entry.get("type") == "path" else str, base)
        for name, node in self._draft.value.get("nodes", {}).items():
            if "graph" in node:
                self._of_subgraph(name, node)
            elif "options" in node:
                self._of_options(node, self._base("nodes", name, "options"))
        return self._draft.value

    def _base(self, *path: str) -> Path | None:
        """The folder of another file that writes a value; None: the graph's own file writes it."""
        place = self._source.place(*path)
        return self._source.extended[place.file].parent if place.file in self._source.extended else None

    def _of_subgraph(self, name: str, node: dict[str, Any]) -> None:
        folder = self._base("nodes", name, "graph") or self._own
        try:
            file = find_graph(node["graph"], folder)
            source = read_source(read_text(file), str(file))
            source, _ = put_together(source, file.parent, file, self._registry, Findings())
        except (NotFoundError, GraphError):  # loading the graph says what is wrong with it
            return
        if folder != self._own and file.resolve() == (folder / node["graph"]).resolve():
            node["graph"] = str(file.absolute())
        base = self._base("nodes", name, "parameters")
        declared = source.value.get("parameters", {})
        for parameter, value in node.get("parameters", {}).items():
            if declared.get(parameter, {}).get("type") == "path":
                node["parameters"][parameter] = _rebased(value, Path, base)

    def _of_options(self, node: dict[str, Any], base: Path | None) -> None:
        try:
            specs = options_of(self._registry[node["calculator"]])
        except Exception:  # loading the graph says what is wrong with the calculator
            return
        for name, value in node["options"].items():
            if name in specs:
                node["options"][name] = _rebased(value, specs[name].type, base)


def _rebased(value: Any, annotation: Any, base: Path | None) -> Any:
    """A value whose relative paths, by its type, are absolute; references to parameters stay."""
    if base is None:
        return value

    def absolute(text: str) -> str:
        return text if not text or text.startswith("${") else str(path_of(text, base.absolute()))

    return with_paths(value, annotation, absolute)
