"""Where a graph is found: by the name of one that ships with ovpipe, or by its file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ovpipe.errors import NotFoundError, did_you_mean

SUFFIXES = (".yaml", ".yml")


def shipped_graphs() -> dict[str, Path]:
    """The graphs that ship with ovpipe, by name."""
    folder = Path(str(files("ovpipe.graphs")))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def find_graph(name: str, base: Path) -> Path:
    """The file of a graph: a file relative to `base` if there is one, else the shipped graph of that name.

    Raises NotFoundError, naming the graphs that ship.
    """
    file = base / name
    if file.is_file():
        return file
    shipped = shipped_graphs()
    if name in shipped:
        return shipped[name]
    if "/" in name or name.endswith(SUFFIXES):
        near = {one.name for one in file.parent.glob("*.y*ml")} or shipped
        raise NotFoundError(
            f"there is no graph file {str(file.absolute())!r}; {did_you_mean(file.name, near)}"
        )
    raise NotFoundError(
        f"unknown graph {name!r}: no file of that name, and no graph that ships with ovpipe; "
        f"{did_you_mean(name, shipped)}"
    )
