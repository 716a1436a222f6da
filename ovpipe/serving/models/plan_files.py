"""The files that graphs are made of: their own, their subgraphs', and their project's calculators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ovpipe.graph.plan import Plan
from ovpipe.serving.config import ServerConfig


def graph_files(config: ServerConfig) -> tuple[Path, ...]:
    """The graph files that a configuration names."""
    models = (graph.file for model in config.models for graph in model.graphs)
    return (*models, *(resource.graph for resource in config.resources))


def files_of(plans: Iterable[Plan]) -> Iterator[Path]:
    """The files of graphs that were read; a file that several share comes several times."""
    folders: dict[Path, None] = {}
    for plan in plans:
        yield from plan.files
        folders |= dict.fromkeys(plan.calculator_folders)
    for folder in folders:
        yield from folder.rglob("*.py")
