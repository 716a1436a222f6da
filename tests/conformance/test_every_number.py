"""The suite is whole, and so is the list of differences."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROMISED = set(range(1, 56)) - {53}
"""The behaviours; number 53 is not used."""

HERE = Path(__file__).parent


def docstrings() -> list[tuple[int, str]]:
    """The number and the docstring of every numbered test."""
    return [
        (int(number[1]), ast.get_docstring(entry) or "")
        for path in HERE.glob("test_*.py")
        for entry in ast.parse(path.read_text()).body
        if isinstance(entry, ast.FunctionDef) and (number := re.match(r"test_(\d\d)_", entry.name))
    ]


def test_every_number_has_a_test_that_says_what_it_is_about() -> None:
    assert {number for number, _ in docstrings()} == PROMISED
    assert all(text for _, text in docstrings())


def test_every_difference_is_explained() -> None:
    marked = {number for number, text in docstrings() if "Difference:" in text}
    page = (HERE.parents[1] / "docs" / "mediapipe.md").read_text()
    table = page.partition("## Differences by number")[2]
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == marked
