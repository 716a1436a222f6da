"""Conversation: the turns so far, and the body of the next question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Conversation:
    """The turns that went well. A question without an answer is not kept.

    `parameters` go into every body. The system prompt comes first in each; changing it keeps the turns.
    """

    def __init__(
        self, parameters: Mapping[str, Any], *, system: str | None = None, think: bool | None = None
    ) -> None:
        self.system = system
        self.think = think
        """What the chat template gets as `enable_thinking`; with None it gets nothing."""
        self._parameters = dict(parameters)
        self._turns: list[dict[str, str]] = []

    def body(self, question: str) -> dict[str, Any]:
        """A streaming chat completion with all turns so far and then the question."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        messages = [*system, *self._turns, {"role": "user", "content": question}]
        body: dict[str, Any] = {"messages": messages, "stream": True, **self._parameters}
        if self.think is not None:
            body["chat_template_kwargs"] = {"enable_thinking": self.think}
        return body

    def keep(self, question: str, answer: str) -> None:
        """Adds a turn, without the thoughts.

        A turn with an empty answer is not kept. Many chat templates want user and assistant to alternate,
        and many servers refuse a message without content.
        """
        if answer.strip():
            self._turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]

    def clear(self) -> None:
        """Forgets all turns; the system prompt stays."""
        self._turns.clear()
