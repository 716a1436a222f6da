"""GraphConfig: what a graph file says, each name with its place.

Names of nodes, streams, side packets and executors of a subgraph begin with the name of the node that uses
it and a dot, as in `filter.tokenize`; no name in a file has a dot, so two names are never equal by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from ovpipe.graph.place import Place
from ovpipe.graph.plan import INLINE

SEPARATOR = "."

Overflow: TypeAlias = Literal["block", "drop_oldest", "error"]


def local(name: str) -> str:
    """A name as its own file states it."""
    return name.rpartition(SEPARATOR)[2]


@dataclass(frozen=True, slots=True)
class BackEdge:
    """The mark of an input that closes a cycle: the node and the port as messages name them."""

    node: str
    port: str
    place: Place


@dataclass(frozen=True, slots=True)
class Mention:
    """The name of a stream, a side packet and the like, where the file states it."""

    name: str
    place: Place
    back_edge: BackEdge | None = None


@dataclass(frozen=True, slots=True)
class GraphInput(Mention):
    """A stream or a side packet that enters the graph.

    An outer graph may leave an optional one unwired. In the outermost graph it is always there.
    """

    optional: bool = False


@dataclass(frozen=True, slots=True)
class Wires:
    """What a node wires to its ports of one kind: one name to a plain port, a list to a repeated one."""

    single: Mapping[str, Mention] = field(default_factory=dict)
    lists: Mapping[str, tuple[Mention, ...]] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    """The line of each port."""

    def items(self) -> Iterator[tuple[str, Mention]]:
        """Each wire with its port; those of a repeated port are `parts[0]`, `parts[1]`, ..."""
        yield from self.single.items()
        for port, mentions in self.lists.items():
            for index, mention in enumerate(mentions):
                yield f"{port}[{index}]", mention

    def __contains__(self, port: object) -> bool:
        return port in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def renamed(self, outer: Callable[[Mention], Mention | None]) -> Wires:
        """These wires under other names; those that get none are dropped."""
        single = {port: outer(mention) for port, mention in self.single.items()}
        lists = {port: [outer(mention) for mention in mentions] for port, mentions in self.lists.items()}
        return Wires(
            {port: mention for port, mention in single.items() if mention is not None},
            {port: tuple(one for one in found if one is not None) for port, found in lists.items()},
            self.places,
        )


@dataclass(frozen=True, slots=True)
class Options:
    """A node's options or parameters; MISSING replaces an unknown value."""

    values: Mapping[str, Any]
    place: Place
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """An input policy as it is written; `at` gives the place of what is inside it, by its keys."""

    value: Any
    at: Callable[..., Place]


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A node as the file states it. `calculator` or `graph` is None when its name is not known."""

    name: str
    place: Place
    is_subgraph: bool
    calculator: Mention | None
    graph: Mention | None
    inputs: Wires
    outputs: Wires
    side_inputs: Wires
    side_outputs: Wires
    options: Options
    parameters: Options
    stated: Mapping[str, Place]
    """The keys that the node has."""
    policy: PolicyStatement | None = None
    """The node's input policy, or else the graph's."""
    executor: str = INLINE
    max_in_flight: int = 1
    on_error: Literal["fail", "drop"] = "fail"
    source_layer: int = 0


@dataclass(frozen=True, slots=True)
class StreamConfig:
    """The file's settings of one stream; None where it has none."""

    mention: Mention
    max_queue_size: int | None = None
    overflow: Overflow | None = None


@dataclass(frozen=True, slots=True)
class ExecutorConfig:
    """A pool of threads that the file declares."""

    mention: Mention
    threads: int


@dataclass(frozen=True, slots=True)
class GraphConfig:
    """A graph as the file states it.

    When it is not `whole`, parts with a wrong shape are left out, so a missing name proves nothing.
    """

    file: str
    prefix: str
    """What the names of a subgraph begin with; empty for the graph itself."""
    name: str | None
    inputs: tuple[GraphInput, ...]
    outputs: tuple[Mention, ...]
    side_inputs: tuple[GraphInput, ...]
    side_outputs: tuple[Mention, ...]
    nodes: tuple[NodeConfig, ...]
    streams: tuple[StreamConfig, ...]
    executors: tuple[ExecutorConfig, ...]
    max_queue_size: int | None
    report_deadlock: bool
    whole: bool

    @property
    def title(self) -> str:
        """The graph's name, by default its file's."""
        return self.name or PurePath(self.file).stem.strip("<>")
