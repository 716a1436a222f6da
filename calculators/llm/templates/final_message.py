"""The final message, continued: a prompt that ends where the conversation's last content ends."""

from __future__ import annotations

from typing import Any, Final

TAG: Final = "CONTINUED-FROM-HERE "
"""Marks the content's end in the rendered text. Its space is there to be seen trimmed, or kept."""


class NotContinuable(Exception):
    """The final message cannot be continued; the text says why."""


def mark(message: dict[str, Any]) -> str:
    """Puts the tag at the end of a message's content, a string or a list of parts; returns what it ended."""
    content = message["content"]
    if isinstance(content, str):
        message["content"] = content + TAG
        return content
    text: str = content[-1]["text"]
    message["content"] = [*content[:-1], {**content[-1], "text": text + TAG}]
    return text


def cut(text: str, content: str) -> str:
    """The rendered text up to the tag, which ended `content`.

    A template that trims contents has trimmed the tag's space; what the tag kept it from trimming goes too.
    """
    at = text.rfind(TAG.strip())
    if at < 0 or content.strip() not in text:
        raise NotContinuable(
            "the model's chat template leaves out or changes the last message's content, so it cannot be "
            "continued"
        )
    return text[:at] if text.startswith(TAG, at) else text[:at].rstrip()
