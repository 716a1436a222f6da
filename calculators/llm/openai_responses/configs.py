"""The objects among a request's parameters: `text`, `reasoning`, `stream_options`, and the list `include`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.grammars import requested
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText
from ovpipe.calculators.llm.parameters.wire.structured_output import JsonObjectFormat, JsonSchema, TextFormat
from ovpipe.engines.protocol import Grammar

LOGPROBS: Final = "message.output_text.logprobs"
ENCRYPTED: Final = "reasoning.encrypted_content"
FORMAT: Final = "text.format"
Summary = Literal["auto", "concise", "detailed"]


class NamedSchemaFormat(Struct, frozen=True, kw_only=True, tag_field="type", tag="json_schema"):
    """JSON that follows a schema, which has a name."""

    name: NonEmptyText
    schema: JsonSchema
    description: str | None = None
    strict: bool | None = None

    def grammar(self, path: str) -> Grammar | None:
        """The schema's."""
        return requested.of_schema(self.schema, f"{path}.schema", strict=bool(self.strict))


class TextConfig(Struct, frozen=True, kw_only=True):
    """The form of the text."""

    format: TextFormat | JsonObjectFormat | NamedSchemaFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ReasoningConfig(Struct, frozen=True, kw_only=True):
    """How much the model is to think. It is told in full what it thought, so there are no summaries."""

    effort: Annotated[str, Meta(max_length=64)] | None = None
    summary: Summary | None = None
    generate_summary: Summary | None = None
    context: Any = None
    mode: Any = None


class ResponsesStreamOptions(Struct, frozen=True, kw_only=True):
    """What a stream has besides; padding against those who read lengths is not written."""

    include_obfuscation: bool | None = None


Include = Annotated[
    list[Annotated[str, Meta(max_length=64)]],
    Meta(max_length=64, extra={"words": "a list of strings"}),
]


def text_of(config: TextConfig, path: str) -> dict[str, Any]:
    """The answer's grammar, and what the answer repeats."""
    asked = config.format or TextFormat()
    shown: dict[str, Any] = {"type": "text"}
    if isinstance(asked, JsonObjectFormat):
        shown = {"type": "json_object"}
    elif isinstance(asked, NamedSchemaFormat):
        shown = {
            "type": "json_schema",
            "name": asked.name,
            "description": asked.description,
            "schema": asked.schema,
            "strict": bool(asked.strict),
        }
    return {
        "text_grammar": asked.grammar(f"{path}.format"),
        "shown_text": {"format": shown, "verbosity": config.verbosity or "medium"},
    }


def reasoning_of(config: ReasoningConfig, path: str) -> dict[str, Any]:
    """The effort, for the chat template, and what the answer repeats."""
    effort = {"reasoning_effort": config.effort} if config.effort else {}
    return effort | {"shown_reasoning": {"effort": config.effort or None, "summary": None}}


def nothing(options: ResponsesStreamOptions, path: str) -> dict[str, Any]:
    """No field of the request."""
    return {}


def include_of(names: list[str], path: str) -> dict[str, Any]:
    """What the answer has besides."""
    return {"logprobs": LOGPROBS in names, "encrypted_reasoning": ENCRYPTED in names}


def note_without_effect(body: Mapping[str, Any], ignored: Ignored) -> None:
    """What members of these ask for that nobody does here."""
    reasoning, shape, options = body.get("reasoning"), body.get("text"), body.get("stream_options")
    include = body.get("include")
    if type(reasoning) is dict:
        for name in ("summary", "generate_summary", "context", "mode"):
            if reasoning.get(name) is not None:
                ignored.add_member("reasoning", name)
    if type(shape) is dict and shape.get("verbosity") not in (None, "medium"):
        ignored.add_member("text", "verbosity")
    if type(options) is dict and options.get("include_obfuscation") is True:
        ignored.add_member("stream_options", "include_obfuscation")
    names = include if type(include) is list else []
    for name in names:
        if type(name) is str and name not in (LOGPROBS, ENCRYPTED):
            ignored.add_member("include", name)
    if body.get("top_logprobs") and LOGPROBS not in names:
        ignored.add("top_logprobs")
