"""A user's project: where the calculators of its graphs are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

import ovpipe.calculators
from ovpipe.registry import Registry

FOLDER = "calculators"

CalculatorsFolder: TypeAlias = Annotated[
    Path | None, typer.Option("--calculators", metavar="DIR", help="The folder of the project's calculators.")
]


def collect_calculators(graphs: Iterable[Path], folder: Path | None) -> Registry:
    """The installed calculators, and those of `folder` or else of each graph's project.

    A graph's project has its calculators in calculators/ beside the graph, beside the graph's folder, or
    in the working folder. Raises RegistryError for a module that cannot be imported.
    """
    registry = Registry.installed()
    folders = [folder] if folder is not None else [found for graph in graphs for found in _beside(graph)]
    for one in dict.fromkeys(path.resolve() for path in folders):
        registry.collect_folder(one)
    return registry


def _beside(graph: Path) -> list[Path]:
    """The nearest folder of calculators, if there is one other than ovpipe's own, which the registry has."""
    shipped = {Path(path).resolve() for path in ovpipe.calculators.__path__}
    parent = graph.absolute().parent
    for place in (parent, parent.parent, Path.cwd()):
        folder = place / FOLDER
        if folder.is_dir():
            return [] if folder.resolve() in shipped else [folder]
    return []
