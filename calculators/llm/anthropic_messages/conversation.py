"""Conversations as Anthropic has them in JSON: turns of blocks, which become the graph's messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta, Struct

from ovpipe.calculators.llm.anthropic_messages.blocks import (
    AssistantBlock,
    OnlyText,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserBlock,
)
from ovpipe.calculators.llm.packets import Message, TextPart, ToolCall
from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import says
from ovpipe.calculators.llm.parameters.wire.contents import MOST_PARTS
from ovpipe.calculators.llm.parameters.wire.messages import MOST_MESSAGES

BILLING: Final = "x-anthropic-billing-header"
"""What Claude Code begins a block of its system prompt with: of no use to a model, and new in each request,
so that no prefix would be found in the cache."""


IN_WORDS: Final = says(f"a string or a list of at most {MOST_PARTS} content blocks")
FEW: Final = Meta(max_length=MOST_PARTS)
UserContent = Annotated[str | Annotated[list[UserBlock], FEW], IN_WORDS]
AssistantContent = Annotated[str | Annotated[list[AssistantBlock], FEW], IN_WORDS]
SystemContent = Annotated[str | Annotated[list[OnlyText], FEW], IN_WORDS]


class UserTurn(Struct, frozen=True, kw_only=True, tag_field="role", tag="user"):
    """What the user says, and what tools gave."""

    content: UserContent


class AssistantTurn(Struct, frozen=True, kw_only=True, tag_field="role", tag="assistant"):
    """What the model said, thought and called."""

    content: AssistantContent


class SystemTurn(Struct, frozen=True, kw_only=True, tag_field="role", tag="system"):
    """What the model is told amid a conversation."""

    content: SystemContent


Turn = UserTurn | AssistantTurn | SystemTurn
Turns = Annotated[
    list[Turn],
    Meta(
        min_length=1,
        max_length=MOST_MESSAGES,
        extra={"words": f"a non-empty list of at most {MOST_MESSAGES} messages"},
    ),
]


class PlacedMessage(NamedTuple):
    """A message of the graph's, and where it stands in the request."""

    place: str
    message: Message


def conversation_of(turns: Sequence[Turn], path: str) -> dict[str, Any]:
    """The graph's messages, and whether the last one is to be continued; raises RequestError 400.

    Turns of one role in a row are one turn. A last one of the assistant's is the beginning of the answer.
    """
    end = f"{path}[{len(turns) - 1}]"
    for at, turn in enumerate(turns):
        if not turn.content and not (at == len(turns) - 1 and isinstance(turn, AssistantTurn)):
            raise wrong_value(f"{path}[{at}].content", "not empty")
    said = list(said_in(turns, path))
    continued = False
    if isinstance(turns[-1], AssistantTurn):
        last = said[-1].message
        if last.tool_calls:
            raise wrong_value(end, "followed by the results of the tools that it calls")
        if not last.content and (len(said) == 1 or last.reasoning_content):
            raise wrong_value(f"{end}.content", "a text, which the answer then continues")
        continued = bool(last.content)
        if not continued:
            said.pop()
    return {
        "messages": tuple(one.message for one in said),
        "places": tuple(one.place for one in said),
        "continue_final_message": continued,
    }


def said_in(turns: Sequence[Turn], path: str) -> Iterator[PlacedMessage]:
    """The graph's messages; raises RequestError 400."""
    called: set[str] = set()
    for role, row in groupby(enumerate(turns), lambda numbered: type(numbered[1])):
        numbered = list(row)
        place = f"{path}[{numbered[0][0]}]"
        blocks = [
            (f"{path}[{at}].content[{number}]", block)
            for at, turn in numbered
            for number, block in enumerate(listed(turn.content))
        ]
        if role is UserTurn:
            yield from of_user(blocks, place, called)
        elif role is AssistantTurn:
            yield PlacedMessage(place, of_assistant([block for _, block in blocks], called))
        else:
            content = content_of(block.said for _, block in blocks)
            yield PlacedMessage(place, Message(role="system", content=content))


def listed(content: str | Sequence[Any]) -> Sequence[Any]:
    """The blocks of a content; a string is one of text."""
    return [TextBlock(text=content)] if isinstance(content, str) else content


def of_user(blocks: Sequence[tuple[str, Any]], place: str, called: set[str]) -> Iterator[PlacedMessage]:
    """What the tools gave, then what the user says. Templates want results right after their calls.

    RequestError 400 for a result of a call that nobody made.
    """
    for at, block in blocks:
        if isinstance(block, ToolResultBlock):
            if block.tool_use_id not in called:
                raise wrong_value(f"{at}.tool_use_id", "the id of a tool_use block in a message before it")
            yield PlacedMessage(at, Message(role="tool", content=block.said, tool_call_id=block.tool_use_id))
    texts = [block.said for _, block in blocks if not isinstance(block, ToolResultBlock)]
    if texts:
        yield PlacedMessage(place, Message(role="user", content=content_of(texts)))


def of_assistant(blocks: Sequence[Any], called: set[str]) -> Message:
    """What the model said, thought and called."""
    calls = tuple(
        ToolCall(id=block.id, name=block.name, arguments=json.dumps(block.input, ensure_ascii=False))
        for block in blocks
        if isinstance(block, ToolUseBlock)
    )
    called.update(call.id for call in calls)
    text = "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
    thoughts = "\n\n".join(
        block.thinking for block in blocks if isinstance(block, ThinkingBlock) and block.thinking
    )
    return Message(
        role="assistant",
        content=None if calls and not text else text,
        tool_calls=calls,
        reasoning_content=thoughts or None,
    )


def content_of(texts: Iterable[str]) -> str | tuple[TextPart, ...]:
    """A content of the graph: one text, or parts."""
    parts = tuple(map(TextPart, texts))
    return parts[0].text if len(parts) == 1 else parts


def system_of(content: str | Sequence[OnlyText], path: str) -> Message | None:
    """The graph's message that comes first; None for one that says nothing."""
    texts = [block.text for block in listed(content) if block.text and not block.text.startswith(BILLING)]
    return Message(role="system", content=content_of(texts)) if texts else None


def note_billing(body: Mapping[str, Any], ignored: Ignored) -> None:
    """Notes a block of the system's that the model does not get to see."""
    system = body.get("system")
    if type(system) is list and any(
        type(block) is dict and str(block.get("text", "")).startswith(BILLING) for block in system
    ):
        ignored.note(f"system.{BILLING}")
