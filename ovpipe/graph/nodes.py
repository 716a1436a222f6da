"""Nodes: calculators looked up, options checked, ports known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ovpipe.calculator import Calculator
from ovpipe.errors import OptionError, RegistryError, is_interrupt
from ovpipe.graph.config import NodeConfig, Options
from ovpipe.graph.parameters import holds_missing
from ovpipe.graph.place import Findings, Place
from ovpipe.graph.types import fits
from ovpipe.options import check_options, describe, options_of
from ovpipe.ports import PortSet
from ovpipe.registry import Registry


@dataclass(frozen=True, slots=True)
class ResolvedNode:
    """A node of a file, with its calculator or with the ports of the graph that it uses.

    `calculator` is None for a subgraph, and when it could not be found; `ports` is None when not known.
    """

    config: NodeConfig
    calculator: type[Calculator] | None
    options: Mapping[str, Any]
    ports: PortSet | None

    @property
    def name(self) -> str:
        """The node's name in its graph."""
        return self.config.name

    @property
    def title(self) -> str:
        """What messages call it: its calculator's name or its graph's file, as written."""
        if self.config.is_subgraph:
            return f"graph {self.config.graph.name}" if self.config.graph else f"node {self.name!r}"
        return self.config.calculator.name if self.config.calculator else self.name

    def port(self, name: str) -> str:
        """A port as messages name it: Calculator.port, or node.port of a subgraph."""
        return f"{self.name if self.config.is_subgraph else self.title}.{name}"


def resolve_node(config: NodeConfig, registry: Registry, folder: Path, findings: Findings) -> ResolvedNode:
    """Looks up a node's calculator, and builds it once to check its options.

    Relative paths among these are relative to `folder`, that of the file.
    """
    if config.calculator is None:
        return ResolvedNode(config, None, {}, None)
    try:
        calculator = registry[config.calculator.name]
    except RegistryError as error:
        findings.add(config.calculator.place, str(error))
        return ResolvedNode(config, None, {}, None)
    place = config.calculator.place
    _check_defaults(calculator, place, findings)
    options = _checked(calculator, config.options, folder, place, findings)
    return ResolvedNode(config, calculator, MappingProxyType(options), calculator.ports)


def _checked(
    calculator: type[Calculator], given: Options, folder: Path, place: Place, findings: Findings
) -> dict[str, Any]:
    if holds_missing(given.values):
        return {}
    try:
        options = check_options(calculator, given.values, folder)
    except OptionError as error:
        _note_each(error, given, findings)
        return {}
    except Exception as error:  # the calculator's author declared options that cannot be read
        findings.add(place, f"the options of {calculator.__name__} cannot be read: {_said(error)}")
        return {}
    try:
        calculator(**options)
    except OptionError as error:  # it has checked its options itself
        _note_each(error, given, findings)
    except BaseException as error:  # a constructor may raise anything for these options
        if is_interrupt(error):
            raise
        findings.add(given.place, f"{calculator.__name__} refuses its options: {_said(error)}")
    return options


def _check_defaults(calculator: type[Calculator], place: Place, findings: Findings) -> None:
    """Notes defaults that no graph could give: of a type that is not the option's."""
    try:
        specs = options_of(calculator)
    except Exception:  # which is a finding of `_checked`
        return
    for name, spec in specs.items():
        default = spec.default
        if spec.required or default is None:  # "= None" often stands for a default made later
            continue
        kind = Literal[default] if isinstance(default, str | int | Enum) else type(default)
        if not fits(kind, spec.type):
            findings.add(
                place,
                f"option {name!r} of {calculator.__name__} has the default {default!r}, which is not of its "
                f"type ({describe(spec.type)}); correct the calculator",
            )


def _note_each(error: OptionError, given: Options, findings: Findings) -> None:
    for line in str(error).splitlines():
        findings.add(_option_place(line, given), line)


def _option_place(line: str, given: Options) -> Place:
    return next((place for name, place in given.places.items() if f"option {name!r}" in line), given.place)


def _said(error: BaseException) -> str:
    """An exception's message, with its class unless that is ValueError."""
    text = str(error)
    if not text:
        return type(error).__name__
    return text if type(error) is ValueError else f"{type(error).__name__}: {text}"
