"""GrammarCheckerCalculator: a checker of grammars, whose process starts when it is needed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from ovpipe.calculators.llm.grammar_checker import GrammarCheckerCalculator
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import Grammar
from ovpipe.graph.load import load_graph_text
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine
from tests.models.folders import TINY_RANDOM

GRAPH = """
version: 1
parameters: {models_path: {type: path}}
side_inputs: [engine]
nodes:
  grammar_checker:
    calculator: GrammarCheckerCalculator
    side_inputs: {engine: engine}
    side_outputs: {grammar_checker: grammar_checker}
    options: {models_path: "${models_path}"}
"""


def opened(core: str) -> Graph:
    """A graph whose engine is of this core."""
    registry = Registry()
    registry.add(GrammarCheckerCalculator)
    engine = FakeEngine([0], info=msgspec.structs.replace(FAKE_ENGINE_INFO, core=core))
    plan = load_graph_text(GRAPH, registry=registry, parameters={"models_path": TINY_RANDOM})
    return Graph(plan, side_packets={"engine": engine})


NO_TEXT = Grammar("ebnf", "root ::= root")
FAULT_IN_A_RULE_WITHOUT_USE = Grammar("ebnf", 'root ::= "a"\nunused ::= missing')


@pytest.mark.parametrize(
    ("core", "good", "bad", "fact"),
    [
        ("genai", Grammar("ebnf", 'root ::= "a"'), FAULT_IN_A_RULE_WITHOUT_USE, '"missing" is not defined'),
        ("graph", FAULT_IN_A_RULE_WITHOUT_USE, NO_TEXT, "cannot be followed"),
    ],
)
def test_a_core_s_own_library_says_what_is_good_and_its_process_ends_with_the_graph(
    core: str, good: Grammar, bad: Grammar, fact: str
) -> None:
    async def scenario() -> None:
        async with opened(core) as graph:
            checker = graph.side_packets["grammar_checker"]
            assert not checker.pid
            await checker.check(good)
            assert checker.pid
            with pytest.raises(GrammarRefused, match=fact):
                await checker.check(bad)
        assert not checker.pid

    asyncio.run(scenario())


def test_an_engine_of_an_unknown_core_has_no_checker() -> None:
    async def scenario() -> None:
        async with opened("somebody's own") as graph:
            assert graph.side_packets["grammar_checker"] is None

    asyncio.run(scenario())


def test_a_time_limit_is_above_zero() -> None:
    with pytest.raises(ValueError, match="time_limit is 0; it is in seconds and above 0"):
        GrammarCheckerCalculator(models_path="m", time_limit=0)
