"""The docs' table of parameters, made of their declarations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters.request_parameter import BOTH, RequestParameter
from ovpipe.calculators.llm.parameters.table import PARAMETERS
from ovpipe.engines.cores import cores_with


def markdown_table(
    rows: Iterable[RequestParameter] = PARAMETERS, everywhere: tuple[StrEnum, ...] = BOTH
) -> str:
    """A row for each parameter: where it is taken, its values, its default, and which engines honour it.

    `everywhere` are the two paths of an API.
    """
    built_in = {
        field.name: field.default
        for request in (ChatRequest, CompletionRequest)
        for field in msgspec.structs.fields(request)
    }
    lines = [
        "| parameter | endpoints | value | default | engines | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = (
            "both" if row.endpoints == everywhere else ", ".join(path.strip("/") for path in row.endpoints)
        )
        cells = (row.name, where, row.words, default_of(row, built_in), engines(row), row.meaning)
        lines.append(line_of(cells))
    return "\n".join(lines) + "\n"


def table_of_route(rows: Iterable[RequestParameter], request: type[msgspec.Struct]) -> str:
    """A row for each parameter of a route with a table of its own; `request` has the defaults."""
    built_in = {field.name: field.default for field in msgspec.structs.fields(request)}
    lines = ["| parameter | value | default | engines | meaning |", "|---|---|---|---|---|"]
    for row in rows:
        cells = (row.name, row.words, default_of(row, built_in), engines(row), row.meaning)
        lines.append(line_of(cells))
    return "\n".join(lines) + "\n"


def table_of(forms: Mapping[str, tuple[Iterable[RequestParameter], type[msgspec.Struct]]]) -> str:
    """A row for each parameter of a route whose body has some forms; each with its rows and its request.

    What several forms have in common is said once.
    """
    lines = ["| parameter | with | value | default | meaning |", "|---|---|---|---|---|"]
    found: dict[tuple[str, ...], list[str]] = {}
    for form, (rows, request) in forms.items():
        built_in = {field.name: field.default for field in msgspec.structs.fields(request)}
        for row in rows:
            cells = (row.name, row.words, default_of(row, built_in), row.meaning)
            found.setdefault(cells, []).append(form)
    for (name, *rest), within in found.items():
        where = "" if len(within) == len(forms) else ", ".join(within)
        lines.append(line_of((name, where, *rest)))
    return "\n".join(lines) + "\n"


def line_of(cells: Iterable[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def default_of(row: RequestParameter, built_in: Mapping[str, Any]) -> str:
    """What holds where a request does not say it; `built_in` are the defaults of the request's fields."""
    if row.required:
        return "required"
    default = default_in_words(None if row.spread else built_in.get(row.lands_in))
    return f"generation_config.json's {row.config_key}, or {default}" if row.config_key else default


def engines(row: RequestParameter) -> str:
    """The cores that declare that they honour a parameter; empty where that is no matter of the engine's."""
    if not row.capability:
        return ""
    cores = cores_with(row.capability)
    if cores:
        return ", ".join(cores)
    only = " or ".join(f"`{in_json(value)}`" for value in row.neutral)
    return f"none yet, so only {only} is taken" if only else "none yet, so it is refused"


def default_in_words(value: Any) -> str:
    """A default of the request's; what is none is absent."""
    return "absent" if value in (None, "", (), {}, msgspec.NODEFAULT) else in_json(value)


def in_json(value: Any) -> str:
    """A value as JSON."""
    return msgspec.json.encode(value).decode()
