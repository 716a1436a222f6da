"""What answers are, as types: the writers make them, OpenAPI's schemas are made of them.

UNSET is a field that is left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

StopReason = Annotated[
    Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "model_context_window_exceeded"],
    Meta(description="What ended the answer."),
]
Counted = Annotated[int, Meta(description="Tokens.")]
Cached = Annotated[
    int | None, Meta(description="Tokens of the prompt; null where the engine does not know of its cache.")
]
JsonObject = Annotated[Any, Meta(extra_json_schema={"type": "object"})]


class OutputTokensDetails(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the answer's tokens were thoughts."""

    thinking_tokens: int


class MessageUsage(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tokens. Those of the prompt are input_tokens and cache_read_input_tokens together."""

    input_tokens: Counted
    cache_creation_input_tokens: Cached
    cache_read_input_tokens: Cached
    output_tokens: Counted
    output_tokens_details: OutputTokensDetails | UnsetType = UNSET
    service_tier: Literal["standard"] | UnsetType = UNSET


class TextAnswer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="text"):
    """A text."""

    text: str


class ThinkingAnswer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="thinking"):
    """Thoughts, and a mark of them."""

    thinking: str
    signature: str


class ToolUseAnswer(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="tool_use"):
    """A call of a tool."""

    id: str
    name: str
    input: JsonObject


BlockAnswer = TextAnswer | ThinkingAnswer | ToolUseAnswer


class MessageAnswer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole answer; at the beginning of a stream one without content and stop_reason."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: tuple[BlockAnswer, ...]
    stop_reason: StopReason | None
    stop_sequence: str | None
    usage: MessageUsage


class TokensCount(Struct, frozen=True, forbid_unknown_fields=True):
    """How many tokens a prompt has."""

    input_tokens: Counted


# --- events


class TextPiece(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="text_delta"):
    """The next piece of a text."""

    text: str


class ThinkingPiece(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="thinking_delta"):
    """The next piece of thoughts."""

    thinking: str


class SignaturePiece(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="signature_delta"
):
    """The mark of the thoughts, which ends them."""

    signature: str


class InputJsonPiece(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="input_json_delta"
):
    """The next piece of a call's input, as JSON."""

    partial_json: str


class MessageStart(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="message_start"):
    """The first event."""

    message: MessageAnswer


class BlockStart(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="content_block_start"
):
    """A block, empty."""

    index: int
    content_block: BlockAnswer


class BlockDelta(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="content_block_delta"
):
    """The next piece of a block."""

    index: int
    delta: TextPiece | ThinkingPiece | SignaturePiece | InputJsonPiece


class BlockStop(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="content_block_stop"):
    """The end of a block."""

    index: int


class Ending(Struct, frozen=True, forbid_unknown_fields=True):
    """What ended the answer."""

    stop_reason: StopReason
    stop_sequence: str | None


class MessageDelta(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="message_delta"):
    """What ended the answer, and the tokens of all of it."""

    delta: Ending
    usage: MessageUsage


class MessageStop(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="message_stop"):
    """The last event."""


class PingEvent(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ping"):
    """Says that the server is there."""


BlockEvent = BlockStart | BlockDelta | BlockStop
MessageEvent = MessageStart | BlockEvent | MessageDelta | MessageStop | PingEvent
