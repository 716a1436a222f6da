"""How much work a request's prompts are, before any of it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Message

CHARACTERS_OF_A_MESSAGE: Final = 100
"""What a message, a call or a tool costs besides its text, in characters' worth of work."""

CHARACTERS_OF_A_PROMPT: Final = 2000
"""What tokenising one more text costs besides its length: a quarter of a millisecond."""


def is_longer(request: ChatRequest | CompletionRequest, limit: int) -> bool:
    """Whether the prompts are more work than `limit` characters. Looks no further than it needs to."""
    size = 0
    for more in _sizes(request):
        size += more
        if size > limit:
            return True
    return False


def is_larger(value: Any, limit: int) -> bool:
    """Whether a value of JSON has more characters and members than `limit`. Looks no further than needed."""
    size = 0
    for more in _sizes_of_json(value):
        size += more
        if size > limit:
            return True
    return False


def _sizes(request: ChatRequest | CompletionRequest) -> Iterator[int]:
    if isinstance(request, CompletionRequest):
        for prompt in request.prompts:
            fixed = CHARACTERS_OF_A_PROMPT if isinstance(prompt, str) else 0
            yield fixed + len(prompt) + len(request.suffix or "")
        return
    for message in request.messages:
        yield CHARACTERS_OF_A_MESSAGE
        yield from _sizes_of_message(message)
    for tool in request.tools:
        yield CHARACTERS_OF_A_MESSAGE + len(tool.name) + len(tool.description or "")
        yield from _sizes_of_json(tool.parameters)
    yield from _sizes_of_json(request.documents)
    yield from _sizes_of_json(request.chat_template_kwargs)


def _sizes_of_message(message: Message) -> Iterator[int]:
    content = message.content
    if isinstance(content, str):
        yield len(content)
    elif content is not None:
        yield from (len(part.text) for part in content)
    yield len(message.reasoning_content or "")
    yield from (CHARACTERS_OF_A_MESSAGE + len(call.arguments) for call in message.tool_calls)


def _sizes_of_json(value: Any) -> Iterator[int]:
    """The lengths of all strings, and 1 for everything that is in something."""
    left = [value]
    while left:
        value = left.pop()
        members: Iterable[Any] = ()
        if isinstance(value, str | list | tuple | Mapping):
            yield len(value)
        if isinstance(value, Mapping):
            yield from (len(key) for key in value if isinstance(key, str))
            members = value.values()
        elif isinstance(value, list | tuple):
            members = value
        left.extend(members)
