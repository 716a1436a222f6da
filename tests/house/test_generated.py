"""The tables in docs/ say what the code says."""

from __future__ import annotations

import re

import pytest

from docs.generate import DOCS, tables, with_table
from ovpipe.calculators.llm.language_model import LanguageModelCalculator
from ovpipe.engines.process.metrics import EngineFigures
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.options import options_of
from ovpipe.registry import Registry

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
        f"the table {name!r} of docs/{page} differs from the code; write it anew by: make docs"
    )


def test_the_options_of_the_language_model_are_all_told_and_no_others() -> None:
    assert first_cells("engine options") == list(options_of(LanguageModelCalculator))


def test_the_engines_figures_are_all_told_and_no_others() -> None:
    figures = EngineFigures().snapshot(None, pid=None, requests=0)
    told = [name for name in first_cells("figures") if name.startswith("ovpipe_engine_")]
    assert told == [f"ovpipe_{name}" for name in figures]


def test_the_options_said_to_be_parameters_of_the_chat_graph_are() -> None:
    plan = load_graph(
        shipped_graphs()["chat"], registry=Registry.installed(), parameters={"models_path": "m"}
    )
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \|", SERVING.read_text("utf-8"), re.MULTILINE)
    settable = {name for name, answer in rows if answer == "yes"}
    assert settable <= set(plan.resources[0].options)
    assert {name for name, _ in rows} == set(options_of(LanguageModelCalculator))
