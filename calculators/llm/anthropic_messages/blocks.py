"""Content blocks of a request, as Anthropic has them in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.parameters.value_types import NonEmptyText, Object, says
from ovpipe.calculators.llm.parameters.wire.contents import MOST_PARTS

TEXT_ONLY: Final = "and this model reads text only"
OF_SERVERS: Final = "which belongs to a tool that Anthropic's servers run, and this server runs none"
SERVER_BLOCKS: Final = (
    "server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result",
    "bash_code_execution_tool_result", "text_editor_code_execution_tool_result", "tool_search_tool_result",
    "mcp_tool_use", "mcp_tool_result",
)  # fmt: skip
REFUSED: Final = {
    "image": f"is an image, {TEXT_ONLY}",
    "container_upload": f"is a file in a container, {TEXT_ONLY}",
    **{name: f"is a block of type '{name}', {OF_SERVERS}" for name in SERVER_BLOCKS},
}
REFUSED_RESULTS: Final = {
    "image": f"is an image, {TEXT_ONLY}",
    "browser_state": f"is a block of type 'browser_state', {OF_SERVERS}",
}
REFUSED_SOURCES: Final = {
    "base64": f"is a file, {TEXT_ONLY}: send a source of type 'text'",
    "url": "is a URL, and this server fetches none: send a source of type 'text'",
    "file": "is a file of Anthropic's, and this server has none: send a source of type 'text'",
}


class Block(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What any block may have. `cache_control` changes nothing: the engine caches prefixes by itself."""

    cache_control: Object | None = None


class TextBlock(Block, frozen=True, kw_only=True, tag="text"):
    """A text."""

    text: str
    citations: Any = None

    @property
    def said(self) -> str:
        """What the model reads."""
        return self.text


class OnlyText(Struct, frozen=True, kw_only=True):
    """A block where texts alone may stand: its type is no tag, which msgspec asks of several kinds only."""

    type: Literal["text"]
    text: str
    cache_control: Object | None = None
    citations: Any = None

    @property
    def said(self) -> str:
        """What the model reads."""
        return self.text


class PlainTextSource(Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """A document's text."""

    data: str
    media_type: str | None = None

    @property
    def said(self) -> str:
        """What it says."""
        return self.data


class ContentSource(Struct, frozen=True, kw_only=True, tag_field="type", tag="content"):
    """A document in blocks of text."""

    content: Annotated[
        str | Annotated[list[OnlyText], Meta(max_length=MOST_PARTS)],
        says("a string or a list of text blocks"),
    ]

    @property
    def said(self) -> str:
        """What it says, each block on lines of its own."""
        return (
            self.content if isinstance(self.content, str) else "\n".join(block.text for block in self.content)
        )


DocumentSource = Annotated[PlainTextSource | ContentSource, Meta(extra={"unsupported": REFUSED_SOURCES})]


class DocumentBlock(Block, frozen=True, kw_only=True, tag="document"):
    """A document of plain text."""

    source: DocumentSource
    title: str | None = None
    context: str | None = None
    citations: Any = None

    @property
    def said(self) -> str:
        """What the model reads: in tags, as Anthropic's guide to long contexts has documents."""
        return in_tags("document", (("title", self.title), ("context", self.context)), self.source.said)


class SearchResultBlock(Block, frozen=True, kw_only=True, tag="search_result"):
    """What a search has found."""

    content: Annotated[list[OnlyText], Meta(max_length=MOST_PARTS)]
    source: str
    title: str
    citations: Any = None

    @property
    def said(self) -> str:
        """What the model reads."""
        text = "\n".join(block.text for block in self.content)
        return in_tags("search_result", (("source", self.source), ("title", self.title)), text)


TextualBlock = TextBlock | DocumentBlock | SearchResultBlock


class ToolReferenceBlock(Block, frozen=True, kw_only=True, tag="tool_reference"):
    """A tool that a search for tools has found. The model sees all tools anyway, deferred ones too."""

    tool_name: str

    @property
    def said(self) -> str:
        """What the model reads."""
        return f"The tool {self.tool_name} can be called."


ResultBlock = Annotated[TextualBlock | ToolReferenceBlock, Meta(extra={"unsupported": REFUSED_RESULTS})]


class ToolResultBlock(Block, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool gave."""

    tool_use_id: NonEmptyText
    content: (
        Annotated[
            str | Annotated[list[ResultBlock], Meta(max_length=MOST_PARTS)],
            says(f"a string or a list of at most {MOST_PARTS} text blocks"),
        ]
        | None
    ) = None
    is_error: bool | None = None
    toolset_name: str | None = None

    @property
    def said(self) -> str:
        """What the model reads. Chat templates have no word for a failure, so the text says it."""
        content = self.content or ""
        text = content if isinstance(content, str) else "\n".join(block.said for block in content)
        return f"Error: {text}" if self.is_error else text


class ToolUseBlock(Block, frozen=True, kw_only=True, tag="tool_use"):
    """A call of a tool."""

    id: NonEmptyText
    name: NonEmptyText
    input: dict[str, Any]
    caller: Any = None
    toolset_name: str | None = None


class ThinkingBlock(Struct, frozen=True, kw_only=True, tag_field="type", tag="thinking"):
    """Thoughts. The signature is not looked at."""

    thinking: str
    signature: str | None = None


class RedactedThinkingBlock(Struct, frozen=True, kw_only=True, tag_field="type", tag="redacted_thinking"):
    """Thoughts that only the server which had them can read: no words."""

    data: str


UserBlock = Annotated[TextualBlock | ToolResultBlock, Meta(extra={"unsupported": REFUSED})]
AssistantBlock = Annotated[
    TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock, Meta(extra={"unsupported": REFUSED})
]


def in_tags(tag: str, facts: Iterable[tuple[str, str | None]], text: str) -> str:
    """A text with what is known of it, between tags."""
    lines = [f"<{name}>{value}</{name}>" for name, value in facts if value]
    return "\n".join((f"<{tag}>", *lines, f"<{tag}_content>", text, f"</{tag}_content>", f"</{tag}>"))
