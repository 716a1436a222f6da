"""Files: where a graph's file is, by its path or by the name of a shipped graph, and the file's text."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ovpipe.errors import Finding, GraphError, NotFoundError, did_you_mean

CALCULATORS = "calculators"
SUFFIXES = (".yaml", ".yml")


def shipped_graphs() -> dict[str, Path]:
    """The graphs that ship with ovpipe, by name."""
    folder = Path(str(files("ovpipe.graphs")))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def project_folder(graph: Path) -> Path | None:
    """The calculators of a graph's project, None: there are none of its own.

    They are in the nearest folder `calculators`: beside the graph, beside its folder, or in the working
    folder.
    """
    shipped = Path(str(files("ovpipe.calculators"))).resolve()
    parent = graph.absolute().parent
    for place in (parent, parent.parent, Path.cwd()):
        folder = place / CALCULATORS
        if folder.is_dir():
            return None if folder.resolve() == shipped else folder
    return None


def find_graph(name: str, base: Path) -> Path:
    """The file of a graph: a file relative to `base` if there is one, else the shipped graph of that name.

    Raises NotFoundError, naming the graphs that ship.
    """
    file = base / name
    if _is_file(file):
        return file
    shipped = shipped_graphs()
    if name in shipped:
        return shipped[name]
    if "/" in name or name.endswith(SUFFIXES):
        near = set(_beside(file)) or shipped
        raise NotFoundError(
            f"there is no graph file {str(file.absolute())!r}; {did_you_mean(file.name, near)}"
        )
    raise NotFoundError(
        f"unknown graph {name!r}: no file of that name, and no graph that ships with ovpipe; "
        f"{did_you_mean(name, shipped)}"
    )


def read_text(path: Path) -> str:
    """The text of a graph file. Raises GraphError when there is none."""
    line = 1
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        others = _beside(path)
        message = f"there is no such file{f'; {did_you_mean(path.name, others)}' if others else ''}"
    except UnicodeDecodeError as error:
        message = "the file is not UTF-8 text; save it as UTF-8"
        line += error.object.count(b"\n", 0, error.start)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
    except ValueError as error:
        message = f"the file cannot be read: {error}"
    raise GraphError([Finding(str(path), line, message)])


def _beside(path: Path) -> list[str]:
    """The YAML files in a folder, for a message about a path that is not a graph."""
    try:
        return [other.name for other in path.parent.glob("*.y*ml")]
    except (OSError, ValueError):  # no path of a file at all
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no path of a file at all
        return False
