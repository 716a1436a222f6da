"""Who may import whom: the table in docs/architecture.md, held."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[2]

WORDS = [
    "errors",
    "timestamp",
    "packet",
    "ports",
    "calculator",
    "options",
    "option_types",
    "registry",
    "function_calculator",
    "http",
    "http_errors",
    "packet_codec",
    "work",
    "metering",
]
PAGE = ROOT / "docs" / "architecture.md"


def allowed() -> dict[str, set[str]]:
    """The table of rooms: what each may import."""
    table = PAGE.read_text("utf-8").partition("<!-- rooms -->\n")[2].partition("<!-- /rooms -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {room: {room, *may.split(", ")} - {"-"} for room, _, may, _ in rows}


ALLOWED = allowed()


@cache
def modules() -> dict[str, Path]:
    """Every module of ovpipe by its dotted name, the top-level folders as they are installed."""
    found = {}
    for path in [
        *ROOT.glob("ovpipe/**/*.py"),
        *ROOT.glob("calculators/**/*.py"),
        *ROOT.glob("graphs/**/*.py"),
    ]:
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[:2] in (["ovpipe", "calculators"], ["ovpipe", "graphs"]):
            continue  # the symlinks
        if parts[0] != "ovpipe":
            parts.insert(0, "ovpipe")
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


@cache
def imports(path: Path) -> frozenset[str]:
    """All that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            assert node.module is not None
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
            names.add(node.module)
    return frozenset(names)


def room_of(module: str) -> str:
    """The room a module belongs to."""
    parts = module.split(".")
    if len(parts) == 1:
        return "face"
    if parts[1] == "__main__":
        return "cli"
    return "words" if parts[1] in WORDS else parts[1]


def ovpipe_imports(path: Path) -> set[str]:
    """The modules of ovpipe that a file imports."""
    known = modules()
    found = set()
    for name in imports(path):
        while name.split(".")[0] == "ovpipe" and name not in known:
            name = name.rpartition(".")[0]
        if name in known and any(
            other != name and other.startswith(name + ".") for other in imports(path) & set(known)
        ):
            continue  # `from package import module` names the package on the way
        if name in known:
            found.add(name)
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    room = room_of(module)
    for imported in ovpipe_imports(modules()[module]):
        other = room_of(imported)
        narrow = imported.removeprefix("ovpipe.")
        assert other in ALLOWED[room] or narrow in ALLOWED[room], f"{module} imports {imported}"


def test_the_table_has_every_room_and_no_others() -> None:
    rooms = {room_of(module) for module in modules()}
    assert set(ALLOWED) == rooms
    for room, others in ALLOWED.items():
        assert {other.split(".")[0] for other in others} <= rooms, f"{room} may import a room there is not"


def test_the_runtime_imports_neither_openvino_nor_aiohttp() -> None:
    for module, path in modules().items():
        if room_of(module) in ("words", "graph", "runtime"):
            top = {name.split(".")[0] for name in imports(path)}
            assert not top & {"openvino", "openvino_genai", "openvino_tokenizers", "aiohttp"}, module


@cache
def import_graph() -> nx.DiGraph[str]:
    """Which module imports which, imports for type checkers and imports inside functions included."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for module, path in modules().items():
        graph.add_edges_from((module, imported) for imported in imported_modules(path) - {module})
    return graph


def imported_modules(path: Path) -> set[str]:
    """The modules of ovpipe that a file names; `from package import module` names the module alone."""
    known = modules()
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= full & known.keys() or {node.module}
    return names & known.keys()


def circles(graph: nx.DiGraph[str]) -> list[list[str]]:
    """Those that import each other, directly or by way of others."""
    return [sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1]


def test_no_module_imports_in_a_circle() -> None:
    assert circles(import_graph()) == []


def test_no_folder_of_the_runtime_imports_in_a_circle() -> None:
    folders: nx.DiGraph[str] = nx.DiGraph()
    for module, imported in import_graph().edges:
        parts, others = module.split("."), imported.split(".")
        if parts[1:2] == others[1:2] == ["runtime"] and parts[2:3] != others[2:3]:
            folders.add_edge(".".join(parts[:3]), ".".join(others[:3]))
    assert circles(folders) == []
    assert list(folders.successors("ovpipe.runtime.core")) == []


def test_nothing_imports_calculators_by_the_name_of_its_folder() -> None:
    for path in [*modules().values(), *ROOT.glob("tests/**/*.py"), *ROOT.glob("examples/**/*.py")]:
        top = {name.split(".")[0] for name in imports(path)}
        assert not top & {"calculators", "graphs"}, f"{path}: write ovpipe.calculators, ovpipe.graphs"


def test_no_core_of_the_engine_reaches_into_the_other() -> None:
    for module, imported in import_graph().edges:
        if module.startswith(("ovpipe.engine_graph", "ovpipe.calculators", "ovpipe.engines.graph")):
            assert not imported.startswith("ovpipe.engines.genai"), f"{module} imports {imported}"
        if module.startswith("ovpipe.engines.genai"):
            assert not imported.startswith("ovpipe.engines.graph"), f"{module} imports {imported}"
