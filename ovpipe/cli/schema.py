"""`ovpipe schema`: the JSON Schemas of graph files, server.yaml and an engine's options, for editors."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import typer

from ovpipe.engines.cores import engine_schema
from ovpipe.graph.schema import schema as graph_schema
from ovpipe.serving.config_file import schema as server_schema


class SchemaKind(enum.StrEnum):
    """What has a schema: two kinds of files, and the mapping `engine` of a graph's options."""

    GRAPH = "graph"
    SERVER = "server"
    ENGINE = "engine"


SCHEMAS: Final[Mapping[SchemaKind, Callable[[], dict[str, Any]]]] = MappingProxyType(
    {SchemaKind.GRAPH: graph_schema, SchemaKind.SERVER: server_schema, SchemaKind.ENGINE: engine_schema}
)


def schema(kind: Annotated[SchemaKind, typer.Argument(help="What it describes.")] = SchemaKind.GRAPH) -> None:
    """Prints the JSON Schema of a kind of file, or of the options of an engine."""
    typer.echo(json.dumps(SCHEMAS[kind](), indent=2, ensure_ascii=False))
