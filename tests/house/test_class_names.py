"""A class name stands for one class, so that a name in prose, a log or a traceback is never two things."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.house.pages import ROOT

STANDARD_NAMES = {"Sequence", "Mapping", "Iterator", "Callable", "Generator", "Iterable", "Protocol", "Any"}
"""Names from typing and collections.abc that nearly every module imports."""


def test_a_class_name_stands_for_one_class() -> None:
    places = defaultdict(list)
    for file, node in classes():
        places[node.name].append(f"{file}:{node.lineno}")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice, "\n".join(f"{name}: {', '.join(where)}" for name, where in sorted(twice.items()))


def test_no_class_has_the_name_of_a_type_of_the_standard_library() -> None:
    shadows = [
        f"{file}:{node.lineno}: {node.name}" for file, node in classes() if node.name in STANDARD_NAMES
    ]
    assert not shadows


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    """Every class of ovpipe, also those inside classes and functions."""
    for folder in ("ovpipe", "calculators"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    yield path.relative_to(ROOT), node
