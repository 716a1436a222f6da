"""CalculatorFacts: what a calculator's class says of itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError
from ovpipe.function_calculator import FunctionCalculator
from ovpipe.options import OptionSpec, describe, options_of
from ovpipe.ports import Port

NO_DOCSTRINGS = frozenset({inspect.getdoc(Calculator), inspect.getdoc(FunctionCalculator), None})
"""Docstrings that a class without one of its own inherits from ovpipe."""


class PortFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A port: `repeated` takes a list of streams, `optional` need not be wired."""

    name: str
    type: str
    optional: bool = False
    streaming: bool = False
    repeated: bool = False


class OptionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An option; one without a default is required."""

    name: str
    type: str
    required: bool
    default: Any = msgspec.UNSET
    meaning: str = ""


class CalculatorSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of calculators says of each."""

    name: str
    summary: str
    python_class: str = msgspec.field(name="class")
    file: str | None

    @classmethod
    def of(cls, name: str, calculator: type[Calculator]) -> CalculatorSummary:
        """The summary of a class that graphs name so."""
        return cls(
            name=name,
            summary=" ".join(_docstring(calculator).partition("\n\n")[0].split()),
            python_class=f"{calculator.__module__}.{calculator.__qualname__}",
            file=_file(calculator),
        )


class CalculatorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A calculator as graphs see it."""

    kind: Literal["calculator"] = "calculator"
    name: str
    summary: str
    docstring: str
    python_class: str = msgspec.field(name="class")
    file: str | None
    inputs: Sequence[PortFacts]
    outputs: Sequence[PortFacts]
    side_inputs: Sequence[PortFacts]
    side_outputs: Sequence[PortFacts]
    options: Sequence[OptionFacts]
    input_policy: str | Mapping[str, Any]
    timestamp_offset: int | None

    @classmethod
    def of(cls, name: str, calculator: type[Calculator]) -> CalculatorFacts:
        """The facts of a class that graphs name so. Raises DeclarationError for options without types."""
        summary, ports = CalculatorSummary.of(name, calculator), calculator.ports
        return cls(
            name=name,
            summary=summary.summary,
            docstring=_docstring(calculator),
            python_class=summary.python_class,
            file=summary.file,
            inputs=[*_ports(ports.repeated_inputs, repeated=True), *_ports(ports.inputs)],
            outputs=[*_ports(ports.repeated_outputs, repeated=True), *_ports(ports.outputs)],
            side_inputs=_ports(ports.side_inputs),
            side_outputs=_ports(ports.side_outputs),
            options=_options(calculator),
            input_policy=calculator.input_policy,
            timestamp_offset=calculator.timestamp_offset,
        )


def _docstring(calculator: type[Calculator]) -> str:
    """A class's docstring, or that of the author's class that it derives from."""
    docstring = inspect.getdoc(calculator)
    return "" if docstring is None or docstring in NO_DOCSTRINGS else docstring


def _ports(ports: Mapping[str, Port[Any]], *, repeated: bool = False) -> list[PortFacts]:
    return [
        PortFacts(
            name=name,
            type=describe(port.type),
            optional=getattr(port, "optional", False),
            streaming=getattr(port, "streaming", False),
            repeated=repeated,
        )
        for name, port in ports.items()
    ]


def _options(calculator: type[Calculator]) -> list[OptionFacts]:
    try:
        return [_option(spec) for spec in options_of(calculator).values()]
    except NameError as error:
        raise DeclarationError(
            f"{calculator.__name__}.__init__: a type is not known where ovpipe reads it: {error}; import it "
            "outside of TYPE_CHECKING"
        ) from error


def _option(spec: OptionSpec) -> OptionFacts:
    return OptionFacts(
        name=spec.name,
        type=describe(spec.type),
        required=spec.required,
        default=msgspec.UNSET if spec.required else spec.default,
        meaning=spec.meaning,
    )


def _file(calculator: type[Calculator]) -> str | None:
    function = getattr(calculator, "function", calculator)  # of @calculator, whose class has no source
    try:
        return inspect.getsourcefile(function)
    except TypeError:  # a class made at run time
        return None
