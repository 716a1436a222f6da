"""A user's project: where the calculators of its graphs are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from ovpipe.graph.files import project_folder
from ovpipe.registry import Registry

CalculatorsFolder: TypeAlias = Annotated[
    Path | None, typer.Option("--calculators", metavar="DIR", help="The folder of the project's calculators.")
]


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
