"""NodeBlueprint: what one node of each run is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ovpipe.calculator import Calculator
from ovpipe.ports import Input, Output, SideInput
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.core_node import CoreNode
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.policies import BuildPolicy


class NodeClass(Protocol):
    """A class of nodes."""

    def __call__(
        self,
        core: Core,
        plan: NodeBlueprint,
        calculator: Calculator,
        streams: list[Stream],
        side_packets: Mapping[str, Any],
        /,
    ) -> CoreNode: ...


@dataclass(frozen=True, slots=True)
class NodeBlueprint:
    """How one node of a run is built: its class is chosen here, once, by what its calculator is like."""

    kind: NodeClass
    name: str
    calculator: type[Calculator]
    place: str
    build: Callable[[], Calculator]
    inputs: tuple[tuple[Input[Any], int], ...]
    outputs: tuple[tuple[Output[Any], int], ...]
    side_inputs: tuple[tuple[SideInput[Any], str], ...]
    unwired: tuple[Output[Any], ...]
    offset: int | None
    back_edges: frozenset[int]
    source_layer: int
    executor: str
    max_in_flight: int
    on_error: str
    policy: BuildPolicy
    elements: Mapping[Any, tuple[Any, ...]]
    opens_async: bool
    closes_async: bool
    closes: bool
    """Whether the calculator has anything to do at the end; most have not."""
