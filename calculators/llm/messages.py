"""Messages: how a conversation is read from JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ovpipe.calculators.llm.kinds import Ignored, Text, missing, unsupported, wrong_type, wrong_value
from ovpipe.calculators.llm.packets import Message, TextPart

ROLES: Final = ("system", "developer", "user", "assistant", "tool")
ROLES_IN_WORDS: Final = "one of 'system', 'developer', 'user', 'assistant', 'tool'"
CONTENT_IN_WORDS: Final = "a string or a non-empty list of text parts"
OTHER_PARTS: Final = ("image_url", "input_audio", "input_image", "video_url", "audio_url", "file", "refusal")
NOT_YET: Final = ("tool_calls", "function_call", "audio")
TEXT: Final = Text()


@dataclass(frozen=True, slots=True)
class Messages:
    """A non-empty list of messages whose contents are strings or lists of text parts."""

    def read(self, value: Any, path: str, ignored: Ignored) -> tuple[Message, ...]:
        """See Kind."""
        if type(value) is not list:
            raise wrong_type(path, self.describe())
        if not value:
            raise wrong_value(path, self.describe())
        return tuple(read_message(message, f"{path}[{at}]", ignored) for at, message in enumerate(value))

    def describe(self) -> str:
        """See Kind."""
        return "a non-empty list of messages"


def read_message(value: Any, path: str, ignored: Ignored) -> Message:
    """One message; raises RequestError 400."""
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'role' and 'content'")
    role = content = None
    texts: dict[str, str] = {}
    for key, member in value.items():
        if member is None:
            continue
        if key == "role":
            role = read_role(member, f"{path}.role")
        elif key == "content":
            content = read_content(member, f"{path}.content", ignored)
        elif key in ("name", "tool_call_id", "reasoning_content"):
            texts[key] = TEXT.read(member, f"{path}.{key}", ignored)
        elif key in NOT_YET:
            raise unsupported(f"{path}.{key}")
        else:
            ignored.add(f"messages.{key}")
    if role is None:
        raise missing(f"{path}.role", ROLES_IN_WORDS)
    if content is None:  # an assistant's content may be null only beside tool_calls, which are not built yet
        raise missing(f"{path}.content", CONTENT_IN_WORDS)
    return Message(role=role, content=content, **texts)


def read_role(value: Any, path: str) -> str:
    """A role of OpenAI's."""
    if type(value) is not str:
        raise wrong_type(path, ROLES_IN_WORDS)
    if value not in ROLES:
        raise wrong_value(path, ROLES_IN_WORDS)
    return value


def read_content(value: Any, path: str, ignored: Ignored) -> str | tuple[TextPart, ...]:
    """A message's content, in the form it came in."""
    if type(value) is str:
        return TEXT.read(value, path, ignored)
    if type(value) is not list:
        raise wrong_type(path, CONTENT_IN_WORDS)
    if not value:
        raise wrong_value(path, CONTENT_IN_WORDS)
    return tuple(read_part(part, f"{path}[{at}]", ignored) for at, part in enumerate(value))


def read_part(value: Any, path: str, ignored: Ignored) -> TextPart:
    """A text part. Parts of other media are refused by name: this graph serves a text model."""
    if type(value) is not dict:
        raise wrong_type(path, "an object with 'type' and 'text'")
    kind = value.get("type")
    if type(kind) is str and kind in OTHER_PARTS:
        raise unsupported(path, f"is a part of type '{kind}', and this model reads text parts only")
    if kind != "text":
        raise wrong_value(f"{path}.type", "'text'")
    if value.get("text") is None:
        raise missing(f"{path}.text", TEXT.describe())
    for key in value:
        if key not in ("type", "text"):
            ignored.add(f"messages.content.{key}")
    return TextPart(TEXT.read(value["text"], f"{path}.text", ignored))
