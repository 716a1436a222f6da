"""The routes of Anthropic's Messages API."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MessagesEndpoint(StrEnum):
    """A path of the API, without its version."""

    MESSAGES = "/messages"
    COUNT_TOKENS = "/messages/count_tokens"


EVERYWHERE: Final = (MessagesEndpoint.MESSAGES, MessagesEndpoint.COUNT_TOKENS)
MESSAGES: Final = (MessagesEndpoint.MESSAGES,)
