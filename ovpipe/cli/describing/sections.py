"""Sections: the facts of a calculator or a graph as headings with lines, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec

from ovpipe.cli.describing.calculator_facts import CalculatorFacts, OptionFacts, PortFacts
from ovpipe.cli.describing.graph_facts import EntranceFacts, GraphFacts, NodeFacts, ParameterFacts


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and what stands under it: rows of columns."""

    heading: str
    rows: Sequence[tuple[str, ...]]


def sections_of(facts: CalculatorFacts | GraphFacts) -> Iterator[Section]:
    """The sections that have something to say."""
    sections = _of_calculator(facts) if isinstance(facts, CalculatorFacts) else _of_graph(facts)
    return (section for section in sections if section.rows)


def _of_calculator(facts: CalculatorFacts) -> Iterator[Section]:
    about = [("name", facts.name), ("class", facts.python_class)]
    yield Section("Calculator", [*about, *([("file", facts.file)] if facts.file else [])])
    yield Section("Description", [(line,) for line in facts.docstring.splitlines()])
    yield Section("Inputs", [_port(port) for port in facts.inputs])
    yield Section("Outputs", [_port(port) for port in facts.outputs])
    yield Section("Side inputs", [_port(port) for port in facts.side_inputs])
    yield Section("Side outputs", [_port(port) for port in facts.side_outputs])
    yield Section("Options", [_option(option) for option in facts.options])
    timing = [("timestamp offset", _written(facts.timestamp_offset))] if facts.timestamp_offset != 0 else []
    policy = facts.input_policy
    said = policy if isinstance(policy, str) else _written(policy)
    yield Section("Timing", [*([("input policy", said)] if policy != "default" else []), *timing])


def _of_graph(facts: GraphFacts) -> Iterator[Section]:
    extends = [("extends", file) for file in facts.extends]
    yield Section("Graph", [("name", facts.name), ("file", facts.file), *extends])
    yield Section("Description", [(line,) for line in facts.description.splitlines()])
    yield Section("Parameters", [_parameter(parameter) for parameter in facts.parameters])
    yield Section("Inputs", [_entrance(one) for one in facts.inputs])
    yield Section("Outputs", _alone(facts.outputs))
    yield Section("Side inputs", [_entrance(one) for one in facts.side_inputs])
    yield Section("Side outputs", _alone(facts.side_outputs))
    yield Section("Nodes", [_node(node, facts.file) for node in facts.nodes])


def _port(port: PortFacts) -> tuple[str, ...]:
    name = f"{port.name}[]" if port.repeated else port.name
    marks = [mark for mark in ("optional", "streaming") if getattr(port, mark)]
    return (name, port.type, ", ".join(marks))


def _option(option: OptionFacts) -> tuple[str, ...]:
    default = "required" if option.required else f"default {_written(option.default)}"
    return (option.name, option.type, default, option.meaning)


def _parameter(parameter: ParameterFacts) -> tuple[str, ...]:
    if parameter.required:
        value = "required"
    elif parameter.fixed is not msgspec.UNSET:
        value = f"fixed {_written(parameter.fixed)}"
    else:
        value = f"default {_written(parameter.default)}"
    return (parameter.name, parameter.type, value, " ".join(parameter.description.split()))


def _entrance(one: EntranceFacts) -> tuple[str, ...]:
    return (one.name, "optional" if one.optional else "")


def _alone(names: Iterable[str]) -> list[tuple[str, ...]]:
    return [(name,) for name in names]


def _node(node: NodeFacts, own: str) -> tuple[str, ...]:
    what = node.calculator or (f"graph {node.graph}" if node.graph else "")
    return (node.name, what, "" if node.file == own else f"of {PurePath(node.file).name}")


def _written(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
