"""Contents: how what a message says is read from JSON."""

from __future__ import annotations

from typing import Any, Final

from ovpipe.calculators.llm.packets import TextPart
from ovpipe.calculators.llm.parameters.values import (
    Ignored,
    Schema,
    Text,
    missing,
    unsupported,
    wrong_type,
    wrong_value,
)

CONTENT_IN_WORDS: Final = "a string or a non-empty list of text parts"
OTHER_PARTS: Final = ("image_url", "input_audio", "input_image", "video_url", "audio_url", "file")
TEXT: Final = Text()


def part_schema(kind: str) -> Schema:
    """The JSON Schema of a part of that type."""
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, kind: {"type": "string"}},
        "required": ["type", kind],
    }


def content_schema(*kinds: str) -> Schema:
    """The JSON Schema of a content that may have parts of these types."""
    parts = {"anyOf": [part_schema(kind) for kind in kinds]}
    return {"anyOf": [{"type": "string"}, {"type": "array", "items": parts, "minItems": 1}]}


def read_content(value: Any, path: str, ignored: Ignored, role: str) -> str | tuple[TextPart, ...]:
    """A message's content, in the form it came in."""
    if type(value) is str:
        return TEXT.read(value, path, ignored)
    if type(value) is not list:
        raise wrong_type(path, CONTENT_IN_WORDS)
    if not value:
        raise wrong_value(path, CONTENT_IN_WORDS)
    return tuple(read_part(part, f"{path}[{at}]", ignored, role) for at, part in enumerate(value))


def read_part(value: Any, path: str, ignored: Ignored, role: str) -> TextPart:
    """A text part. Parts of other media are refused by name: this graph serves a text model.

    A part "refusal", which only an assistant's content may have, is what the assistant said: a text.
    """
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'type' and 'text'")
    kind = value.get("type")
    if type(kind) is str and kind in OTHER_PARTS:
        raise unsupported(path, f"is a part of type '{kind}', and this model reads text parts only")
    if kind == "refusal" and role != "assistant":
        raise wrong_value(f"{path}.type", "'text'; only an assistant's content has parts 'refusal'")
    if kind not in ("text", "refusal"):
        raise wrong_value(f"{path}.type", "'text'")
    if value.get(kind) is None:
        raise missing(f"{path}.{kind}", TEXT.describe())
    for key in value:
        if key not in ("type", kind):
            ignored.add(f"messages.content.{key}")
    return TextPart(TEXT.read(value[kind], f"{path}.{kind}", ignored))
