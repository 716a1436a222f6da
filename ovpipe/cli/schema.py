"""`ovpipe schema`: the JSON Schemas of graph files and of server.yaml, for editors."""

from __future__ import annotations

import enum
import json
from typing import Annotated

import typer

from ovpipe.graph.schema import schema as graph_schema
from ovpipe.serving.config import schema as server_schema


class SchemaKind(enum.StrEnum):
    """The files that have a schema."""

    GRAPH = "graph"
    SERVER = "server"


def schema(kind: Annotated[SchemaKind, typer.Argument(help="The kind of file.")] = SchemaKind.GRAPH) -> None:
    """Prints the JSON Schema (draft-07) of a kind of file."""
    chosen = graph_schema() if kind is SchemaKind.GRAPH else server_schema()
    typer.echo(json.dumps(chosen, indent=2, ensure_ascii=False))
