"""The example in each flow calculator's docstring is a node that loads."""

from __future__ import annotations

import inspect
import re
import textwrap
from itertools import chain
from typing import Any

import pytest
import yaml

from ovpipe import Calculator, Registry
from ovpipe.calculators import flow
from ovpipe.calculators.flow.pass_through import PassThroughCalculator
from ovpipe.graph.load import load_graph_text
from ovpipe.options import options_of


def calculators() -> list[type[Calculator]]:
    """All of them."""
    registry = Registry()
    registry.collect(flow)
    return [registry[name] for name in registry]


def example_of(calculator: type[Calculator]) -> str:
    """The indented end of the docstring."""
    text = inspect.getdoc(calculator)
    assert text is not None
    return textwrap.dedent(text.rpartition("\n\n")[2])


def names(wired: dict[str, Any], *, back: bool = False) -> list[str]:
    """The streams or side packets that a node's ports name: those over back edges, or the others."""
    wires = [wire for entry in wired.values() for wire in (entry if isinstance(entry, list) else [entry])]
    return [wire["stream"] if back else wire for wire in wires if isinstance(wire, dict) == back]


@pytest.mark.parametrize("calculator", calculators(), ids=lambda cls: cls.__name__)
def test_the_example_of_a_docstring_is_a_node_that_loads(calculator: type[Calculator]) -> None:
    (node,) = yaml.safe_load(example_of(calculator)).values()
    assert node["calculator"] == calculator.__name__
    inputs, outputs = node.get("inputs", {}), node.get("outputs", {})
    around = {
        "calculator": "PassThroughCalculator",
        "inputs": {"streams": names(outputs)},
        "outputs": {"passed": names(inputs, back=True)},
    }
    graph = {
        "version": 1,
        "inputs": names(inputs),
        "outputs": names(outputs),
        "side_inputs": names(node.get("side_inputs", {})),
        "nodes": {"example": node} | ({"around": around} if names(inputs, back=True) else {}),
    }
    plan = load_graph_text(yaml.safe_dump(graph), registry=Registry.of(calculator, PassThroughCalculator))
    assert "example" in [entry.name for entry in (*plan.nodes, *plan.resources)]


@pytest.mark.parametrize("calculator", calculators(), ids=lambda cls: cls.__name__)
def test_a_docstring_names_every_port_and_option(calculator: type[Calculator]) -> None:
    text = inspect.getdoc(calculator) or ""
    ports = calculator.ports
    kinds = (ports.inputs, ports.outputs, ports.side_inputs, ports.side_outputs)
    known = [*chain(*kinds, ports.repeated_inputs, ports.repeated_outputs), *options_of(calculator)]
    assert not [name for name in known if not re.search(rf"`{name}\b", text)]
