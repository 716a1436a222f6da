"""Every parameter of the API has a test over HTTP that shows its effect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ovpipe.calculators.llm.anthropic_messages.table import ROWS
from ovpipe.calculators.llm.openai_responses.parameters import ROWS as RESPONSES
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.calculators.llm.parameters.table import PARAMETERS
from ovpipe.calculators.llm.token_routes.table import DETOKENIZE, PARSE, TOKENIZE_CHAT, TOKENIZE_TEXT

TESTS = Path(__file__).parents[1] / "end_to_end"


def marked(path: Path) -> Iterator[str]:
    """The parameters that a file's tests say to show: `@row("temperature")`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "row":
                    yield from (ast.literal_eval(argument) for argument in decorator.args)


def test_every_row_of_the_tokenizers_tables_has_a_test_over_http() -> None:
    shown = set(marked(TESTS / "test_tokens.py"))
    forms = (TOKENIZE_CHAT, TOKENIZE_TEXT, DETOKENIZE, PARSE)
    assert {name for form in forms for name in form.rows} - shown == set(), "without a test"


@pytest.mark.parametrize(
    ("rows", "folder"),
    [(PARAMETERS, "api"), (ROWS, "messages"), (tuple(RESPONSES.values()), "responses")],
    ids=["chat and completions", "messages", "responses"],
)
def test_every_row_of_the_table_has_a_test_over_http(rows: tuple[RequestParameter, ...], folder: str) -> None:
    shown = {name for path in sorted((TESTS / folder).glob("test_*.py")) for name in marked(path)}
    names = {row.name for row in rows}
    assert names - shown == set(), "without a test"
    assert shown - names == set(), "no row of the table"
