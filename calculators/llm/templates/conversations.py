"""Conversations said otherwise: what a client may send, as templates take it that do not read all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from msgspec.structs import replace

from ovpipe.calculators.llm.packets import Message
from ovpipe.calculators.llm.templates.messages import text_of

INSTRUCTS: Final = ("system", "developer")
"""The roles that say how to answer."""
BETWEEN: Final = "\n\n"
"""What stands between two texts that become one."""

Conversation = Sequence[Message]


def join_instructions(messages: Conversation) -> Conversation:
    """The system's and the developer's messages at the beginning as one, of the first one's role.

    Models are trained on one; templates look for it in the first place, and write others as turns, or refuse.
    """
    leading = list(takewhile(lambda message: message.role in INSTRUCTS, messages))
    if len(leading) < 2:
        return messages
    return [replace(leading[0], content=_joined(*leading)), *messages[len(leading) :]]


def give_instructions_to_user(messages: Conversation) -> Conversation:
    """What system and developer say as the user's, in the message beside it, for templates without them."""
    found: list[Message] = []
    waiting: list[Message] = []
    for message in messages:
        if message.role in INSTRUCTS:
            waiting.append(message)
            continue
        if waiting:
            if message.role == "user":
                message = replace(message, content=_joined(*waiting, message))
            else:
                _append_as_user(found, waiting)
            waiting = []
        found.append(message)
    if waiting:
        _append_as_user(found, waiting)
    return found


def set_calls_apart(messages: Conversation) -> Conversation:
    """What a message with calls says as a message of its own before, for templates that lose one of them."""
    return [part for message in messages for part in _apart(message)]


def give_words_to_thoughts(messages: Conversation) -> Conversation:
    """Of messages with calls, thoughts and words: the words after the thoughts, as some of them.

    For templates of models that write a single text before a call.
    """
    return [
        replace(message, content=None, reasoning_content=f"{message.reasoning_content}{BETWEEN}{text}")
        if message.tool_calls and message.reasoning_content and (text := text_of(message.content))
        else message
        for message in messages
    ]


def leave_out_thoughts(messages: Conversation) -> Conversation:
    """Without thoughts, which most templates leave out of turns that are over anyway."""
    return [
        message if message.reasoning_content is None else replace(message, reasoning_content=None)
        for message in messages
    ]


def leave_out_words_of_calls(messages: Conversation) -> Conversation:
    """Messages that call, without what they say besides."""
    return [
        replace(message, content=None) if message.tool_calls and message.content is not None else message
        for message in messages
    ]


OF_ANSWERS: Final = (
    give_words_to_thoughts,
    set_calls_apart,
    leave_out_thoughts,
    leave_out_words_of_calls,
    lambda messages: leave_out_words_of_calls(leave_out_thoughts(messages)),
)


def others(messages: Conversation) -> Iterator[Conversation]:
    """What to try of a conversation that a template refuses, that which changes least first."""
    instructed = give_instructions_to_user(messages)
    seen = [list(messages)]
    for start in (messages, instructed):
        for change in (lambda same: same, *OF_ANSWERS):
            other = list(change(start))
            if other not in seen:
                seen.append(other)
                yield other


def _joined(*messages: Message) -> str:
    return BETWEEN.join(text for message in messages if (text := text_of(message.content)))


def _append_as_user(found: list[Message], waiting: list[Message]) -> None:
    if found and found[-1].role == "user":
        found[-1] = replace(found[-1], content=_joined(found[-1], *waiting))
    else:
        found.append(Message(role="user", content=_joined(*waiting)))


def _apart(message: Message) -> Iterator[Message]:
    if not message.tool_calls:
        yield message
        return
    if text_of(message.content).strip():
        yield replace(message, tool_calls=(), reasoning_content=None)
    yield message if message.content is None else replace(message, content=None)
