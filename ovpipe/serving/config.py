"""Config: what a server serves, where, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ovpipe.graph.parameters import GraphEntry
from ovpipe.graph.place import Place
from ovpipe.serving.limits import Limits
from ovpipe.serving.security.config import SecurityConfig

MODELS_PATH: Final = "models_path"
"""The parameter by which a graph finds its model."""

DEFAULT_GRAPHS: Final = ("chat", "responses", "messages", "tokenize", "render", "parse")
"""The shipped graphs that serve a model for which nobody names a graph: all that a client may ask of it.

The first one loads the model. A shipped graph with a new endpoint is added at the end: then it is served by
default.
"""

Pull: TypeAlias = Literal["missing", "never"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. Port 0 lets the system choose."""

    host: str = "127.0.0.1"
    port: int = 8000


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """Where a model is that its graph finds by the parameter models_path.

    `what` is a path, a stored model's name, or a repository. `pull` says whether one that is not on this
    machine is downloaded when the server starts.
    """

    what: str
    pull: Pull
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class ResourceConfig:
    """One resource: its name, its graph's file, and values for the graph's parameters.

    It is a value: a resource whose declaration did not change can be used on after a reload.
    """

    name: str
    graph: Path
    parameters: Mapping[str, Any]
    base: Path
    """What relative paths among the parameters are relative to."""
    entry: GraphEntry = field(compare=False)
    source: SourceConfig | None = None


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What a model takes of a resource: every side packet that its graph knows, or the one that is named."""

    resource: str
    place: Place = field(compare=False)
    given: str | None = None
    """The side packet of the resource; None: every one."""
    taken: str | None = None
    """Its name in the model's graph."""


@dataclass(frozen=True, slots=True)
class Residence:
    """How long a model stays in memory that nobody uses."""

    idle_unload: float | None = None
    """Seconds without a request after which it is unloaded; None: never."""
    pinned: bool = False
    """Whether it stays, whatever else needs its memory."""


@dataclass(frozen=True, slots=True)
class ModelGraph:
    """One of a model's graphs: its file, and where a server.yaml names it."""

    file: Path
    entry: GraphEntry | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model: its name, its graphs, values for their parameters, and the resources it uses.

    A value goes to each graph that declares its parameter. The first graph's side packets go to the others.
    """

    name: str
    graphs: tuple[ModelGraph, ...]
    parameters: Mapping[str, Any]
    base: Path
    """What relative paths among the parameters are relative to."""
    resources: tuple[ResourceUse, ...] = ()
    source: SourceConfig | None = None
    residence: Residence = field(default_factory=Residence)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Everything a server is started with."""

    models: tuple[ModelConfig, ...]
    address: Address
    limits: Limits
    resources: tuple[ResourceConfig, ...] = ()
    security: SecurityConfig = field(default_factory=SecurityConfig)
    memory_bytes: int | None = None
    """What all models may hold together; None: as much as there is."""

    @property
    def has_sources(self) -> bool:
        """Whether a model or a resource is named by its source."""
        entries: list[ModelConfig | ResourceConfig] = [*self.models, *self.resources]
        return any(one.source is not None for one in entries)

    def graphs(self) -> list[Path]:
        """The files of all graphs."""
        of_models = [graph.file for one in self.models for graph in one.graphs]
        return [one.graph for one in self.resources] + of_models
