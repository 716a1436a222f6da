"""The form of an answer, and the effort to make: Anthropic's output_config."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from ovpipe.calculators.llm.grammars import requested
from ovpipe.calculators.llm.parameters.wire.structured_output import JsonSchema


class JsonSchemaOutput(Struct, frozen=True, kw_only=True):
    """JSON that follows a schema."""

    type: Literal["json_schema"]
    schema: JsonSchema


class OutputConfig(Struct, frozen=True, kw_only=True):
    """How much effort to make, and the form of the answer."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: JsonSchemaOutput | None = None


def output_of(config: OutputConfig, path: str) -> dict[str, Any]:
    """The effort, for the chat template, and the grammar; raises RequestError 400 for what is no schema."""
    fields: dict[str, Any] = {}
    if config.effort is not None:
        fields["reasoning_effort"] = config.effort
    if config.format is not None:
        fields |= format_of(config.format, f"{path}.format")
    return fields


def format_of(format: JsonSchemaOutput, path: str) -> dict[str, Any]:
    """The grammar of a schema, and the parameter that said it."""
    return {
        "grammar": requested.of_schema(format.schema, f"{path}.schema", strict=False),
        "grammar_param": path,
    }
