"""GrammarCheckerCalculator: a checker of grammars, whose process starts when it is needed."""

from __future__ import annotations

import asyncio

import pytest

from ovpipe.calculators.llm.grammar_checker import GrammarCheckerCalculator
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import Grammar
from ovpipe.graph.load import load_graph_text
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from tests.models.folders import TINY_RANDOM

GRAPH = """
version: 1
parameters: {models_path: {type: path}}
nodes:
  grammar_checker:
    calculator: GrammarCheckerCalculator
    side_outputs: {grammar_checker: grammar_checker}
    options: {models_path: "${models_path}"}
"""


def test_the_checker_refuses_a_grammar_that_is_none_and_ends_with_the_graph() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.add(GrammarCheckerCalculator)
        async with Graph(
            load_graph_text(GRAPH, registry=registry, parameters={"models_path": TINY_RANDOM})
        ) as graph:
            checker = graph.side_packets["grammar_checker"]
            assert not checker.pid
            await checker.check(Grammar("regex", "[a-z]+"))
            assert checker.pid
            with pytest.raises(GrammarRefused):
                await checker.check(Grammar("ebnf", "no rule"))
        assert not checker.pid

    asyncio.run(scenario())


def test_a_time_limit_is_above_zero() -> None:
    with pytest.raises(ValueError, match="time_limit is 0; it is in seconds and above 0"):
        GrammarCheckerCalculator(models_path="m", time_limit=0)
