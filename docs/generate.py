"""Writes the tables in docs/ that are made from the code. Run by `make docs`.

A table stands between two comments, `<!-- NAME -->` and `<!-- /NAME -->`; what is between them is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ovpipe.calculators.llm.parameters import markdown_table
from ovpipe.graph.schema import schema as graph_schema
from ovpipe.serving.config import schema as server_schema

DOCS = Path(__file__).parent
NAMED = {"parameters": "NAME", "nodes": "NAME", "models": "NAME"}
"""Mappings whose keys the author of the file chooses."""


def tables() -> dict[tuple[str, str], str]:
    """Every generated table, by its page and its name there."""
    return {
        ("graphs.md", "graph keys"): schema_table(graph_schema()),
        ("serving.md", "server keys"): schema_table(server_schema()),
        ("serving.md", "parameters"): markdown_table(),
    }


def schema_table(schema: Mapping[str, Any]) -> str:
    """A row for each key that a JSON Schema knows."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|", *rows(schema, schema, "")]
    return "\n".join(lines) + "\n"


def rows(part: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> Iterator[str]:
    """The rows of a mapping's keys, each followed by those of the keys inside it."""
    for name, entry in part.get("properties", {}).items():
        entry = resolved(entry, whole)
        default = msgspec.json.encode(entry["default"]).decode() if "default" in entry else ""
        if name in part.get("required", ()):
            default = "required"
        cells = (f"`{path}{name}`", entry.get("title", "any value"), default, entry.get("description", ""))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
        yield from rows(entry, whole, f"{path}{name}.")
        inner = entry.get("additionalProperties")
        if isinstance(inner, dict) and name in NAMED:
            yield from rows(resolved(inner, whole), whole, f"{path}{name}.{NAMED[name]}.")


def resolved(entry: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference of a schema refers to."""
    target: Any = entry
    while "$ref" in target:
        reference = target["$ref"]
        target = whole
        for key in reference.removeprefix("#/").split("/"):
            target = target[key]
    return target  # type: ignore[no-any-return]  # a schema is plain JSON


def with_table(text: str, name: str, table: str) -> str:
    """A page with its table of that name replaced. Raises LookupError when it has no such place."""
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if place.search(text) is None:
        raise LookupError(f"there is no place for the table {name!r}")
    return place.sub(lambda match: f"{match[1]}\n{table}\n{match[2]}", text)


def main() -> None:
    """Replaces the tables that differ, and names their pages."""
    for (page, name), table in tables().items():
        path = DOCS / page
        text = path.read_text("utf-8")
        new = with_table(text, name, table)
        if new != text:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"{page}: {name}\n")


if __name__ == "__main__":
    main()
