"""Ports: where packets and side packets enter and leave a calculator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ForwardRef, Generic, TypeVar, get_args

from ovpipe.errors import DeclarationError

T = TypeVar("T")


class Port(Generic[T]):
    """A typed class constant of a calculator, named by the attribute it is assigned to.

    Write the type as a subscript: `Input[str]()`. Without one the port takes any value. Ports compare
    and hash by identity; a subclass of a calculator shares the ports of its base.
    """

    type: Any = Any
    name: str = ""
    owner: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name
        self.owner = owner.__name__
        declared = get_args(getattr(self, "__orig_class__", None))
        self.type = declared[0] if declared else Any

    def __str__(self) -> str:
        return f"{self.owner}.{self.name}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


class Input(Port[T]):
    """A stream that the calculator reads. An optional input need not be wired; it is then always empty."""

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional


class Output(Port[T]):
    """A stream that the calculator writes. A graph need not wire it; packets for it are then dropped.

    A `streaming` output has timestamps of its own: `send` without `at` takes the larger of the input's
    timestamp and the one after the last sent, so that one input can lead to many packets.
    """

    def __init__(self, *, streaming: bool = False) -> None:
        self.streaming = streaming


class RepeatedInput(Port[T]):
    """An input that a graph wires to any number of streams: `inputs: {parts: [a, b]}`.

    `cx.each(port)` gives an Input for each stream, in the graph's order, to be used like any other.
    """

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional

    def element(self, index: int) -> Input[T]:
        """The input of one of the streams, for a plan."""
        return _element(Input[T](), self, index)


class RepeatedOutput(Port[T]):
    """An output that a graph wires to any number of streams; `cx.each(port)` gives an Output for each."""

    def __init__(self, *, streaming: bool = False) -> None:
        self.streaming = streaming

    def element(self, index: int) -> Output[T]:
        """The output of one of the streams, for a plan."""
        return _element(Output[T](streaming=self.streaming), self, index)


P = TypeVar("P", bound=Port[Any])


def _element(port: P, whole: Port[Any], index: int) -> P:
    port.name, port.owner, port.type = f"{whole.name}[{index}]", whole.owner, whole.type
    return port


class SideInput(Port[T]):
    """A value set once, before the calculator opens: a model, a tokenizer, an engine."""

    def __init__(self, *, optional: bool = False) -> None:
        self.optional = optional


class SideOutput(Port[T]):
    """A value that a calculator without streams makes in `open`, for other nodes of its graph."""


@dataclass(frozen=True, slots=True)
class PortSet:
    """All ports of a calculator class, by name, in the order they were declared."""

    inputs: Mapping[str, Input[Any]]
    outputs: Mapping[str, Output[Any]]
    side_inputs: Mapping[str, SideInput[Any]]
    side_outputs: Mapping[str, SideOutput[Any]]
    repeated_inputs: Mapping[str, RepeatedInput[Any]]
    repeated_outputs: Mapping[str, RepeatedOutput[Any]]

    @property
    def has_streams(self) -> bool:
        """Whether nodes of this class live in runs; nodes without streams open with their graph."""
        return bool(self.inputs or self.outputs or self.repeated_inputs or self.repeated_outputs)


def ports_of(cls: type[object]) -> PortSet:
    """Collects the ports of a class and its bases."""
    found: dict[str, Port[Any]] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Port):
                found[name] = value
            else:
                found.pop(name, None)

    for port in found.values():
        if isinstance(port.type, str | ForwardRef | TypeVar):
            raise DeclarationError(
                f"{port}: the type must be written as a class, not as {port.type!r}; "
                "define the class before the calculator"
            )

    def of(kind: type[Port[Any]]) -> Mapping[str, Any]:
        return MappingProxyType({name: port for name, port in found.items() if isinstance(port, kind)})

    ports = PortSet(
        of(Input), of(Output), of(SideInput), of(SideOutput), of(RepeatedInput), of(RepeatedOutput)
    )
    if ports.has_streams and ports.side_outputs:
        raise DeclarationError(
            f"{cls.__name__} has streams and side outputs; "
            "a side packet is made by a calculator without streams"
        )
    return ports
