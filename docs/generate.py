"""Writes the tables in docs/ that come from the code. `make docs` runs it.

A table stands between two comments, `<!-- NAME -->` and `<!-- /NAME -->`; what is between them is replaced.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import msgspec.inspect

from docs.routes import routes_table
from ovpipe.calculators import flow
from ovpipe.calculators.llm.anthropic_messages.endpoint import EVERYWHERE
from ovpipe.calculators.llm.anthropic_messages.table import ROWS as MESSAGES_ROWS
from ovpipe.calculators.llm.openai_responses.parameters import ROWS as RESPONSES_ROWS
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.markdown import markdown_table, table_of, table_of_route
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.calculators.llm.token_routes.table import (
    DETOKENIZE,
    PARSE,
    TOKENIZE_CHAT,
    TOKENIZE_TEXT,
    BodyForm,
)
from ovpipe.cli.describing.calculator_facts import CalculatorFacts, OptionFacts, PortFacts
from ovpipe.engines.cores import CORES, CoreDeclaration, keys_of
from ovpipe.graph.drawing import mermaid, picture_of
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import draft_plan
from ovpipe.graph.schema import schema as graph_schema
from ovpipe.registry import Registry
from ovpipe.serving.config_file import schema as server_schema
from ovpipe.serving.metrics.vllm_names import OF_ENGINES, OF_TEXTS, VllmMetric
from tests.faults.table import FAULTS, OVERLOADS, Fault

DOCS = Path(__file__).parent
NAMED = dict.fromkeys(("parameters", "nodes", "insert", "models", "executors", "streams"), "NAME")
"""Mappings whose keys the author of the file chooses."""


def tables() -> dict[tuple[str, str], str]:
    """Every generated table, by its page and its name there."""
    return {
        ("flow-calculators.md", "flow calculators"): calculators_table(flow),
        ("graphs.md", "graph keys"): schema_table(graph_schema()),
        ("shipped-graphs.md", "shipped graphs"): drawings(),
        ("serving.md", "routes"): routes_table(),
        ("serving.md", "server keys"): schema_table(server_schema()),
        ("serving.md", "parameters"): markdown_table(),
        ("tokens.md", "tokenize parameters"): table_of(
            {"messages": shown(TOKENIZE_CHAT), "prompt": shown(TOKENIZE_TEXT)}
        ),
        ("tokens.md", "parse parameters"): table_of({"text": shown(PARSE)}),
        ("tokens.md", "detokenize parameters"): table_of({"tokens": shown(DETOKENIZE)}),
        ("messages.md", "messages parameters"): markdown_table(MESSAGES_ROWS, EVERYWHERE),
        ("responses.md", "responses parameters"): table_of_route(RESPONSES_ROWS.values(), ChatRequest),
        ("observability.md", "metrics of texts"): metrics_table(OF_TEXTS),
        ("observability.md", "metrics of engines"): metrics_table(OF_ENGINES),
        ("reliability.md", "faults"): faults_table(FAULTS),
        ("reliability.md", "overloads"): faults_table(OVERLOADS),
        **{("engine-options.md", f"engine {core.name}"): engine_table(core) for core in CORES.values()},
    }


@functools.cache
def drawings() -> str:
    """Every shipped graph, as GitHub draws it."""
    registry = Registry.installed()
    return "\n".join(
        f"## {name}\n\n```mermaid\n{mermaid(picture_of(draft_plan(file, registry=registry)))}```\n"
        for name, file in shipped_graphs().items()
    )


def shown(form: BodyForm) -> tuple[Iterable[RequestParameter], type[msgspec.Struct]]:
    """What a table of parameters shows of a form of body."""
    return form.rows.values(), form.request


def schema_table(schema: Mapping[str, Any]) -> str:
    """A row for each key that a JSON Schema knows."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|", *rows(schema, schema, "")]
    return "\n".join(lines) + "\n"


def rows(part: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> Iterator[str]:
    """The rows of a mapping's keys, each followed by those of the keys inside it.

    Of a mapping that has one of two shapes, those of both.
    """
    shapes = [resolved(shape, whole) for shape in (part, part.get("else", {}), part.get("then", {}))]
    shapes = [shape for shape in shapes if "properties" in shape]
    entries = {name: entry for shape in reversed(shapes) for name, entry in shape["properties"].items()}
    for name in dict.fromkeys(name for shape in shapes for name in shape["properties"]):
        if "/properties/" in entries[name].get("$ref", ""):  # another mapping has the same key, and its row
            continue
        entry = resolved(entries[name], whole)
        default = msgspec.json.encode(entry["default"]).decode() if "default" in entry else ""
        if all(name in shape.get("required", ()) for shape in shapes):
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


def metrics_table(metrics: Iterable[VllmMetric]) -> str:
    """A row for each metric by vLLM's name, as it stands in /metrics."""
    lines = ["| metric | kind | meaning |", "|---|---|---|"]
    for metric in metrics:
        name = metric.full_name + ("_total" if metric.kind == "counter" else "")
        label = "" if metric.label is None else f"; further label `{metric.label}`"
        lines.append(f"| `{name}` | {metric.kind} | {metric.meaning}{label} |")
    return "\n".join(lines) + "\n"


def faults_table(faults: Iterable[Fault]) -> str:
    """A row for each fault, with the files of its tests."""
    lines = ["| | what is sent, or happens | what comes back | held by |", "|---|---|---|---|"]
    for fault in faults:
        files = dict.fromkeys(test.partition("::")[0] for test in fault.tests)
        links = ", ".join(f"[{Path(file).stem.removeprefix('test_')}](../{file})" for file in files)
        lines.append(f"| {fault.number} | {fault.sent} | {fault.back} | {links} |")
    return "\n".join(lines) + "\n"


def engine_table(core: CoreDeclaration) -> str:
    """A row for each key of `engine` in a graph that a core has, and for the keys inside those."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += option_rows(keys_of(core), "")
    return "\n".join(lines) + "\n"


def option_rows(fields: Iterable[msgspec.structs.FieldInfo], path: str) -> Iterator[str]:
    """The rows of a struct's fields, each followed by those of the fields inside it."""
    for field in fields:
        kind = msgspec.inspect.type_info(field.type)
        meaning = ""
        while isinstance(kind, msgspec.inspect.Metadata):
            meaning = (kind.extra_json_schema or {}).get("description", meaning)
            kind = kind.type
        name = f"{path}{field.name}"
        cells = (f"`{name}`", value_of(kind), default_of(field), meaning)
        yield "| " + " | ".join(cells) + " |"
        for inner in getattr(kind, "types", (kind,)):
            many = isinstance(inner, msgspec.inspect.ListType)
            struct = inner.item_type if isinstance(inner, msgspec.inspect.ListType) else inner
            if isinstance(struct, msgspec.inspect.StructType):
                yield from option_rows(msgspec.structs.fields(struct.cls), f"{name}{'[]' if many else ''}.")


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """A field's default, as one writes it; nothing for null."""
    if field.required:
        return "required"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return "" if default is None else msgspec.json.encode(default).decode().strip('"')


def value_of(kind: msgspec.inspect.Type) -> str:
    """What a value of a type is, in words."""
    types = msgspec.inspect
    match kind:
        case types.Metadata():
            return value_of(kind.type)
        case types.UnionType():
            return " or ".join(value_of(part) for part in kind.types)
        case types.LiteralType():
            return ", ".join(str(value) for value in kind.values)
        case types.IntType() | types.FloatType():
            word = "an integer" if isinstance(kind, types.IntType) else "a number"
            bounds = {"above": kind.gt, "at least": kind.ge, "at most": kind.le}
            return " ".join(
                [word, *(f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None)]
            )
        case types.ListType():
            return "a list"
        case types.DictType() | types.StructType():
            return "a mapping"
    return {types.StrType: "a text", types.BoolType: "true or false", types.NoneType: "null"}[type(kind)]


def calculators_table(package: ModuleType) -> str:
    """A row for each calculator of a package: what it does, its ports and its options."""
    registry = Registry()
    registry.collect(package)
    lines = ["| calculator | what it does | reads | writes | options |", "|---|---|---|---|---|"]
    for name in registry:
        facts = CalculatorFacts.of(name, registry[name])
        cells = (
            f"`{name}`",
            facts.summary,
            ported(facts.inputs, facts.side_inputs),
            ported(facts.outputs, facts.side_outputs),
            listed(option(one) for one in facts.options),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def ported(streams: Iterable[PortFacts], side_packets: Iterable[PortFacts]) -> str:
    """Ports, those of side packets named as such; one that takes a list of streams as `name[]`."""
    side = listed(one.name for one in side_packets)
    written = listed(f"{one.name}[]" if one.repeated else one.name for one in streams)
    return "; ".join(filter(None, (written, side and f"side packet {side}")))


def option(one: OptionFacts) -> str:
    """An option, with its default if it has one."""
    return one.name if one.required else f"{one.name}={msgspec.json.encode(one.default).decode()}"


def listed(words: Iterable[str]) -> str:
    """Words as code."""
    return ", ".join(f"`{word}`" for word in words)


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
