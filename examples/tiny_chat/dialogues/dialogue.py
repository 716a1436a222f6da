"""Dialogues: what the model is taught, and asked when it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from examples.tiny_chat.dialogues.draw import Draw

Message = dict[str, Any]
"""In the API's form."""
Tool = dict[str, Any]
"""In the API's form."""


@dataclass(frozen=True)
class Exchange:
    """One question and its answer, whatever stands before them.

    `thoughts` come before the answer when the model is asked to think; the answer then is `concluded`
    where that is not None, since what was thought need not be said again. `messages`, where a question
    takes more than one message, stand in for `question`.
    """

    question: str
    answer: str
    thoughts: str = ""
    concluded: str | None = None
    messages: tuple[Message, ...] = ()
    calls: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()

    def asked(self) -> list[Message]:
        """The messages up to the answer."""
        return list(self.messages) or [{"role": "user", "content": self.question}]

    def answered(self, *, thinking: bool) -> Message:
        """The assistant's message."""
        if thinking:
            content = self.answer if self.concluded is None else self.concluded
            message: Message = {"role": "assistant", "content": content, "reasoning_content": self.thoughts}
        else:
            message = {"role": "assistant", "content": self.answer}
        if self.calls:
            message["tool_calls"] = list(self.calls)
        return message


Topic = Callable[[Draw], Exchange]
"""Makes an exchange about one thing."""


@dataclass(frozen=True)
class Dialogue:
    """A conversation that ends with the assistant's answer; `category` is what that is judged as."""

    category: str
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    thinking: bool = False
