"""Contents: what a message says, as a string or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from ovpipe.calculators.llm.packets import TextPart
from ovpipe.calculators.llm.parameters.value_types import says

MOST_PARTS: Final = 1_000
"""Of a message."""
OTHER_PARTS: Final = (
    "image_url", "input_audio", "input_image", "input_file", "video_url", "audio_url", "file",
)  # fmt: skip
OTHER_MEDIA: Final = {
    kind: f"is a part of type '{kind}', and this model reads text parts only" for kind in OTHER_PARTS
}


class TextContent(Struct, frozen=True, tag_field="type", tag="text"):
    """A text; null is an empty one."""

    text: str | None


class InputTextContent(TextContent, frozen=True, tag_field="type", tag="input_text"):
    """A text of the user's, by the name that OpenAI's Responses API has for it."""


class OutputTextContent(TextContent, frozen=True, tag_field="type", tag="output_text"):
    """A text of the model's, by the name that OpenAI's Responses API has for it.

    It comes back with what was said of it: sources and log-probabilities, which a model does not read.
    """

    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None


class RefusalContent(Struct, frozen=True, tag_field="type", tag="refusal"):
    """What an assistant said instead of an answer."""

    refusal: str | None

    @property
    def text(self) -> str | None:
        """What it said."""
        return self.refusal


class ThoughtPiece(Struct, frozen=True):
    """A piece of thoughts that come as a list."""

    text: str
    type: str | None = None


class ThinkingContent(Struct, frozen=True, tag_field="type", tag="thinking"):
    """Thoughts as Anthropic has them, or as a list of texts, as Mistral has them."""

    thinking: str | list[ThoughtPiece]

    @property
    def text(self) -> str:
        """What was thought."""
        return self.thinking if isinstance(self.thinking, str) else joined(self.thinking)


class ReasoningContent(Struct, frozen=True, kw_only=True, tag_field="type", tag="reasoning"):
    """Thoughts as OpenAI's Responses API and the libraries of agents have them."""

    reasoning: str | None = None
    content: list[ThoughtPiece] | None = None
    summary: list[ThoughtPiece] | None = None
    words: str | None = field(default=None, name="text")

    @property
    def text(self) -> str:
        """What was thought, or else what was told of it."""
        return self.words or self.reasoning or joined(self.content or ()) or joined(self.summary or ())


class RedactedContent(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    """Thoughts that only the server which had them can read: no words."""

    data: Any = None

    @property
    def text(self) -> str:
        """Nothing."""
        return ""


Thoughts = ThinkingContent | ReasoningContent | RedactedContent
Part = TextContent | InputTextContent | OutputTextContent | RefusalContent | Thoughts
ContentPart = Annotated[str | Part, Meta(extra={"unsupported": OTHER_MEDIA})]
ContentParts = Annotated[list[ContentPart], Meta(max_length=MOST_PARTS)]
MessageContent = Annotated[str | ContentParts, says(f"a string or a list of at most {MOST_PARTS} text parts")]


def joined(thoughts: Iterable[ThoughtPiece]) -> str:
    """Thoughts as one text."""
    return "".join(thought.text for thought in thoughts)


def in_parts(content: str | Sequence[str | Part] | None) -> str | tuple[TextPart, ...]:
    """A content of the graph, in the form in which it came; without words it is an empty text."""
    if content is None or isinstance(content, str):
        return content or ""
    return tuple([TextPart(part if isinstance(part, str) else part.text or "") for part in content]) or ""


def apart(content: str | Sequence[str | Part] | None) -> tuple[str | tuple[TextPart, ...], str]:
    """What an assistant's content says, and what it thinks."""
    if content is None or isinstance(content, str):
        return content or "", ""
    said = [part for part in content if not isinstance(part, Thoughts)]
    thoughts = (part.text for part in content if isinstance(part, Thoughts))
    return in_parts(said), "\n\n".join(filter(None, thoughts))
