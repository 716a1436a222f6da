"""Every file, folder and module of the project that prose names is there: in pages, docstrings and comments."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SLASHED = re.compile(r"(?<![\w./:@~<-])\.?\w[\w-]*/[\w./*-]*")
"""`ovpipe/engines/wire.py`, `runtime/core/`, `docs/*.md`; not the end of an address or of a longer path."""
BARE = re.compile(r"(?<![\w./*-])\w+\.py\b(?!/)")
"""`wire.py`"""
DOTTED = re.compile(r"(?<![\w./-])ovpipe(?:\.[A-Za-z_]\w*)+(?![\w/])")
"""`ovpipe.runtime.core.stream`"""
IN_A_ROOM = re.compile(r"`((?:engines|runtime|serving|tokenizers|calculators)(?:\.[a-z_]\w*)+\.[A-Z]\w*)`")
"""`runtime.core.stream.Stream`"""

LOGGERS = {"ovpipe.access"}


@cache
def project() -> frozenset[str]:
    """Every file of the project and every folder of them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = {Path(line) for line in listed.splitlines() if (ROOT / line).exists()}
    return frozenset(str(path) for file in files for path in (file, *file.parents))


@cache
def folder_names() -> frozenset[str]:
    """The last names of all folders: what a path into the project may begin with."""
    return frozenset(Path(path).name for path in project() if (ROOT / path).is_dir())


def prose_files() -> list[str]:
    """The files whose prose is read."""
    with_comments = re.compile(
        r"(ovpipe|calculators|graphs|tests|examples|docs)/.*\.(py|yaml)|Makefile|pyproject\.toml|\.ci/run"
        r"|\.pre-commit-config\.yaml"
    )
    pages = re.compile(r"[A-Z]+\.md|docs/.*\.md|examples/.*\.md|ovpipe/models/.*\.md")
    found = sorted(path for path in project() if with_comments.fullmatch(path) or pages.fullmatch(path))
    return [path for path in found if not path.startswith(("ovpipe/calculators/", "ovpipe/graphs/"))]


@pytest.mark.parametrize("file", prose_files())
def test_what_prose_names_is_there(file: str) -> None:
    missing = [f"{file}:{line}: {name}" for line, name in missing_in(file, (ROOT / file).read_text("utf-8"))]
    assert not missing, "named, but not there:\n" + "\n".join(missing)


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("docs/a.md", "See `ovpipe/engines/genai.py`.", "ovpipe/engines/genai.py"),
        ("docs/a.md", "All of ovpipe/rooms/, and more.", "ovpipe/rooms/"),
        ("docs/a.md", "`runtime/core/pump.py` has the loop", "runtime/core/pump.py"),
        ("docs/a.md", "The pump (`pump.py`) has it", "pump.py"),
        ("docs/a.md", "tables are in docs/*.txt", "docs/*.txt"),
        ("docs/a.md", "| chat | `ovpipe/cli/chat.py`; how it asks: `graph_way.py` |", "graph_way.py"),
        ("docs/a.md", "| messages | `ovpipe/engines/protocol.py`, `watchdog.py` |", "watchdog.py"),
        ("docs/a.md", "| policies | `ovpipe/runtime/core/core.py`, `policies/` |", "policies/"),
        ("docs/a.md", "| stream | `runtime.core.stream.Brook` |", "runtime.core.stream.Brook"),
        ("ovpipe/a.py", "# As ovpipe.runtime.pump says.", "ovpipe.runtime.pump"),
        ("ovpipe/a.py", '"""See ovpipe.calculator.Kontext."""', "ovpipe.calculator.Kontext"),
        ("ovpipe/a.py", 'def f():\n    """Used by tests/house/test_none.py."""', "tests/house/test_none.py"),
        ("graphs/a.yaml", "version: 1  # see docs/none.md", "docs/none.md"),
        ("CHANGELOG.md", "## 2\n`ovpipe/none.py`\n## 1\n`ovpipe/older.py`\n", "ovpipe/none.py"),
    ],
)
def test_what_is_not_there_is_found(file: str, text: str, name: str) -> None:
    assert [found for _, found in missing_in(file, text)] == [name]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "docs/a.md",
            "`ovpipe/engines/wire.py`, ovpipe/engines/, docs/*.md, `tests/house/test_floors.py::test_x`",
        ),
        ("docs/a.md", "`stream.py` and `core/stream.py`; `graph/parts.py`; ovpipe.testing.fakes.FakeEngine"),
        (
            "docs/a.md",
            "| messages | `ovpipe/engines/protocol.py`, `wire.py`, `process/host.py`, `process/` |",
        ),
        (
            "docs/a.md",
            "<!-- file: graphs/mine.yaml -->\n```yaml\nversion: 1\n```\n`graphs/mine.yaml` is yours.",
        ),
        (
            "docs/a.md",
            "```sh\ncat ovpipe/none.py\n```\nhttps://example.com/ovpipe/none.py, openai/gpt-2/src/encoder.py",
        ),
        (
            "docs/a.md",
            "and/or, v1/chat/completions, `application/json`, 1/2, /srv/ovpipe/none.py, `graphs/NAME.yaml`",
        ),
        ("examples/tiny_chat/README.md", "`topics/*.py` and `train.py` are beside this page"),
        ("ovpipe/a.py", 'name = "ovpipe/none.py"  # a file that the test makes'),
        ("CHANGELOG.md", "## 2\n`ovpipe/engines/wire.py`\n## 1\n`ovpipe/older.py`\n"),
    ],
)
def test_what_is_there_or_no_path_is_left_alone(file: str, text: str) -> None:
    assert missing_in(file, text) == []


def missing_in(file: str, text: str) -> list[tuple[int, str]]:
    """Line and name of what a file's prose names and the project does not have."""
    made = set(re.findall(r"<!-- file: (\S+) -->", text))
    return [
        (number, name)
        for number, line in prose(file, text)
        for name in missing_in_line(line, Path(file).parent)
        if name not in made
    ]


def prose(file: str, text: str) -> Iterator[tuple[int, str]]:
    """What is written for people in a file, line by line."""
    if file.endswith(".py"):
        yield from python_prose(text)
    elif file.endswith(".md"):
        if file == "CHANGELOG.md":  # what an older version said of its files stays said
            text = (
                "\n## ".join(text.split("\n## ")[:2])
                if not text.startswith("## ")
                else text.split("\n## ")[0]
            )
        text = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
        yield from enumerate(text.split("\n"), 1)
    else:
        for number, line in enumerate(text.split("\n"), 1):
            yield number, "".join(re.findall(r"(?:^|\s)(#.*)", line))


def python_prose(text: str) -> Iterator[tuple[int, str]]:
    """Comments, and strings that are statements: docstrings."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield from enumerate(node.value.value.split("\n"), node.lineno)


def missing_in_line(line: str, home: Path) -> Iterator[str]:
    """What a line of prose in the folder `home` names in vain.

    In a row of a table, short names that follow a full path are names in that path's folder.
    """
    beside: Path | None = None
    paths = sorted([*SLASHED.finditer(line), *BARE.finditer(line)], key=lambda match: match.start())
    for name in (match[0].rstrip(".") for match in paths):
        if re.search(r"\b[A-Z]{2,}\b", name) and not name.endswith(".md"):
            continue  # graphs/NAME.yaml
        full = is_full(name)
        if beside is not None and not full:
            if not found(name, [beside]):
                yield name
        elif not (found(name, [Path(), home, *home.parents]) if full else named_somewhere(name, home)):
            yield name
        if line.startswith("|") and full:
            beside = Path(name) if name.endswith("/") else Path(name).parent
    for name in [*DOTTED.findall(line), *IN_A_ROOM.findall(line)]:
        if name not in LOGGERS and not defined("ovpipe." + name.removeprefix("ovpipe.")):
            yield name


@cache
def tops() -> frozenset[str]:
    """The folders at the project's root."""
    return frozenset(path.split("/")[0] for path in project() if "/" in path)


def is_full(name: str) -> bool:
    """Whether a path begins at the project's root."""
    return "/" in name and name.split("/")[0] in tops()


def found(name: str, folders: list[Path]) -> bool:
    """Whether a path or pattern leads somewhere from one of these folders."""
    return any(any((ROOT / folder).glob(name.rstrip("/"))) for folder in folders)


def named_somewhere(name: str, home: Path) -> bool:
    """Whether a short path ends a path of the project's; true also of what is no path into it."""
    if "/" in name and name.split("/")[0] not in folder_names():
        return True
    if not name.endswith((".py", ".yaml", ".md", "/")):
        return True
    short = name.rstrip("/")
    return found(name, [home]) or any(path == short or path.endswith("/" + short) for path in project())


def defined(name: str) -> bool:
    """Whether a dotted name is a module, or something that a module defines or imports."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        module = ROOT.joinpath(*parts[:count])
        source = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        if module.is_dir() or source.exists():
            return count == len(parts) or parts[count] in names_of(source)
    return False


@cache
def names_of(source: Path) -> frozenset[str]:
    """What a module defines or imports at its top level."""
    names: set[str] = set()
    for node in ast.parse(source.read_text("utf-8")).body if source.exists() else ():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return frozenset(names)
