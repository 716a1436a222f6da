"""Contents: what a message says, as a string or in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import TextPart
from ovpipe.calculators.llm.parameters.value_types import says

OTHER_PARTS: Final = ("image_url", "input_audio", "input_image", "video_url", "audio_url", "file")
OTHER_MEDIA: Final = {
    kind: f"is a part of type '{kind}', and this model reads text parts only" for kind in OTHER_PARTS
}
NO_REFUSAL: Final = {"refusal": "only an assistant's content has parts 'refusal'"}


class TextContent(Struct, frozen=True, tag_field="type", tag="text"):
    """A text."""

    text: str


class InputTextContent(TextContent, frozen=True, tag_field="type", tag="input_text"):
    """A text, by the name that OpenAI's Responses API has for it."""


class RefusalContent(Struct, frozen=True, tag_field="type", tag="refusal"):
    """What an assistant said instead of an answer."""

    refusal: str

    @property
    def text(self) -> str:
        """What it said."""
        return self.refusal


ContentPart = Annotated[
    TextContent | InputTextContent, Meta(extra={"unsupported": OTHER_MEDIA, "elsewhere": NO_REFUSAL})
]
SaidPart = Annotated[
    TextContent | InputTextContent | RefusalContent, Meta(extra={"unsupported": OTHER_MEDIA})
]
IN_WORDS: Final = says("a string or a non-empty list of text parts")
MessageContent = Annotated[str | Annotated[list[ContentPart], Meta(min_length=1)], IN_WORDS]
AssistantContent = Annotated[str | Annotated[list[SaidPart], Meta(min_length=1)], IN_WORDS]


def in_parts(content: str | Sequence[TextContent | RefusalContent]) -> str | tuple[TextPart, ...]:
    """A content of the graph, in the form in which it came."""
    return content if isinstance(content, str) else tuple([TextPart(part.text) for part in content])
