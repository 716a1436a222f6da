"""Conversation: what was said so far, and the next question's body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Conversation:
    """Turns that went well. A question that is not answered leaves no trace.

    `parameters` go into every body. The system prompt comes first in each; changing it forgets nothing.
    """

    def __init__(
        self, parameters: Mapping[str, Any], *, system: str | None = None, think: bool | None = None
    ) -> None:
        self.system = system
        self.think = think
        """Whether the chat template is told to think; None: it is told nothing."""
        self._parameters = dict(parameters)
        self._turns: list[dict[str, str]] = []

    def body(self, question: str) -> dict[str, Any]:
        """A streaming chat completion that asks the question after all that was said before."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        messages = [*system, *self._turns, {"role": "user", "content": question}]
        body: dict[str, Any] = {"messages": messages, "stream": True, **self._parameters}
        if self.think is not None:
            body["chat_template_kwargs"] = {"enable_thinking": self.think}
        return body

    def keep(self, question: str, answer: str) -> None:
        """Adds a turn: what was said, without the thoughts.

        An answer without words is not kept. Many chat templates want user and assistant to take turns, and
        many servers refuse a message without content.
        """
        if answer.strip():
            self._turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]

    def clear(self) -> None:
        """Forgets all turns; the system prompt stays."""
        self._turns.clear()
