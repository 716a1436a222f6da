"""A user's project: where the calculators of its graphs are, and its graphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ovpipe.errors import GraphError
from ovpipe.graph.files import SUFFIXES, project_folder, read_text, shipped_graphs
from ovpipe.graph.source import read_source
from ovpipe.registry import Registry

CalculatorsFolder: TypeAlias = Annotated[
    Path | None, typer.Option("--calculators", metavar="DIR", help="The folder of the project's calculators.")
]
GRAPHS = "graphs"


@dataclass(frozen=True, slots=True)
class FoundGraph:
    """A graph's file, and what it says that it does."""

    file: Path
    description: str


def collect_calculators(graphs: Iterable[Path], folder: Path | None) -> Registry:
    """The installed calculators, and those of `folder` or else of each graph's project.

    A graph's project has its calculators in calculators/ beside the graph, beside the graph's folder, or
    in the working folder. Raises RegistryError for a module that cannot be imported.
    """
    registry = Registry.installed()
    folders = [folder] if folder is not None else [project_folder(graph) for graph in graphs]
    for one in dict.fromkeys(path.resolve() for path in folders if path is not None):
        registry.collect_folder(one)
    return registry


def collect_calculators_here(folder: Path | None) -> Registry:
    """The calculators of a graph in the working folder, and of the graphs in graphs/ there."""
    return collect_calculators([Path("any.yaml"), *_own_graphs()], folder)


def graphs_here() -> dict[str, FoundGraph]:
    """The shipped graphs, then the graph files of the working folder and of graphs/ in it.

    Each has the name that commands take: a file has its path.
    """
    shipped = {name: FoundGraph(file, _description(file) or "") for name, file in shipped_graphs().items()}
    return shipped | {str(file): FoundGraph(file, said) for file, said in _own_graphs().items()}


def _own_graphs() -> dict[Path, str]:
    """The project's graph files, each with its description."""
    shipped = {file.resolve() for file in shipped_graphs().values()}
    files = [file for folder in (Path(), Path(GRAPHS)) for file in _yaml_files(folder)]
    said = {file: _description(file) for file in files if file.resolve() not in shipped}
    return {file: description for file, description in said.items() if description is not None}


def _yaml_files(folder: Path) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and file.is_file())
    except OSError:  # there is no such folder, or it shows nobody what it has
        return []


def _description(file: Path) -> str | None:
    """What a graph's file says that it does; None for a file that is no graph.

    A file of graphs/ that is no YAML is taken for a graph with a mistake.
    """
    try:
        value = read_source(read_text(file), str(file)).value
    except GraphError:
        return f"cannot be read; see `ovpipe check {file}`" if file.parent.name == GRAPHS else None
    if not isinstance(value, dict) or not {"nodes", "extends"} & value.keys():
        return None
    return str(value.get("description", ""))
