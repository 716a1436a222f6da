"""Refusals: why a template does not render a conversation, and which message is to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from jinja2 import TemplateError

from ovpipe.calculators.llm.packets import Message
from ovpipe.calculators.llm.templates.budget import OverBudget
from ovpipe.calculators.llm.templates.final_message import NotContinuable
from ovpipe.calculators.llm.templates.sandbox import Refusal

LONGEST_REASON: Final = 500
RENDERING_FAILS: Final = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
"""What comes out of a template that does not fit the conversation."""
Write = Callable[[Sequence[Message]], str]


class ChatTemplateError(Exception):
    """A conversation cannot be rendered; the text says why, in the template's own words if it has any.

    `param` is the request's parameter that is to blame, down to the message where that is known.
    """

    def __init__(self, reason: str, param: str = "messages") -> None:
        super().__init__(reason)
        self.param = param


def blame(messages: Sequence[Message], write: Write, first: Exception) -> tuple[Exception, int | None]:
    """What the template says of a conversation, and at which of several messages it begins to say so."""
    error = _failure(messages, write) or first
    if len(messages) < 2:
        return error, None
    low, high = 1, len(messages)
    while low < high:
        middle = (low + high) // 2
        found = _failure(messages[:middle], write)
        if found is not None and reason_of(found) == reason_of(error):
            high = middle
        else:
            low = middle + 1
    return error, high - 1


def _failure(messages: Sequence[Message], write: Write) -> Exception | None:
    try:
        write(messages)
    except NotContinuable:
        return None
    except RENDERING_FAILS as error:
        return error
    return None


def reason_of(error: Exception) -> str:
    """The template's own words, or how it fails."""
    own = isinstance(error, Refusal | OverBudget)
    return str(error)[:LONGEST_REASON] if own else f"it fails with {type(error).__name__}"
