"""Loading a graph written in a test: as a plan, or as the list of its mistakes."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph import Plan, load_graph_text
from ovpipe.registry import Registry


@pytest.fixture
def load() -> Callable[..., Plan]:
    """Called with a text and calculators: the plan. The line after the opening quotes is line 1."""

    def load(text: str, *calculators: type[Calculator], **arguments: Any) -> Plan:
        registry = Registry()
        for calculator in calculators:
            registry.add(calculator)
        text = dedent(text).removeprefix("\n")
        return load_graph_text(text, file="chat.yaml", registry=registry, **arguments)

    return load


@pytest.fixture
def mistakes(load: Callable[..., Plan]) -> Callable[..., list[str]]:
    """The findings, as text, of a graph that has some; called as `load` is."""

    def mistakes(*arguments: Any, **keywords: Any) -> list[str]:
        with pytest.raises(GraphError) as caught:
            load(*arguments, **keywords)
        return [str(finding) for finding in caught.value.findings]

    return mistakes
