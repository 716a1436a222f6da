"""The docs' table of parameters, made of their declarations."""

from __future__ import annotations

from collections.abc import Iterable
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
        default = "required" if row.required else default_in_words(built_in.get(row.lands_in))
        if row.config_key:
            default = f"generation_config.json's {row.config_key}, or {default}"
        cells = (row.name, where, row.words, default, engines(row), row.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


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
