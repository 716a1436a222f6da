"""The tables in docs/ say what the code says."""

from __future__ import annotations

import re

import pytest

from docs.generate import DOCS, tables, with_table
from ovpipe.engines.process.metrics import EngineMetrics

SERVING = DOCS / "serving.md"


def first_cells(name: str) -> list[str]:
    """The first column of the table between two comments of docs/serving.md."""
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", SERVING.read_text("utf-8"), re.DOTALL)
    assert match is not None, f"docs/serving.md has no table {name!r}"
    return re.findall(r"^\| `(\w+)`", match[1], re.MULTILINE)


@pytest.mark.parametrize(("page", "name"), tables(), ids=lambda value: value)
def test_a_generated_table_is_up_to_date(page: str, name: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    assert text == with_table(text, name, tables()[page, name]), (
        f"the table {name!r} of docs/{page} differs from the code; to write it again: make docs"
    )


def test_the_table_of_metrics_has_all_of_the_engines_and_no_others() -> None:
    metrics = EngineMetrics().snapshot(None, pid=None, requests=0)
    listed = [name for name in first_cells("metrics") if name.startswith("ovpipe_engine_")]
    assert listed == [f"ovpipe_{name}" for name in metrics]
