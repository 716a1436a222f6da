"""What the served model answers, asked by OpenAI's own client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import openai
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.end_to_end.figures import figure
from tests.real.references.cases import TOKENS
from tests.real.references.prompts import Message

T = TypeVar("T")
U = TypeVar("U")

SECONDS = 600
"""After which a test counts as hung: the model is large for a busy machine."""


@dataclass(frozen=True)
class Served:
    """A model of a server. Greedy, and as short as what was recorded, unless a question says otherwise."""

    client: openai.OpenAI
    url: str
    model: str

    def ask(self, chat: list[Message], **wishes: Any) -> ChatCompletion:
        """The answer. The body has the wishes as they are, also those that the client does not know."""
        messages: Any = chat
        return self.client.chat.completions.create(
            model=self.model, messages=messages, extra_body=body(wishes)
        )

    def stream(self, chat: list[Message], **wishes: Any) -> list[ChatCompletionChunk]:
        """The same in pieces."""
        messages: Any = chat
        pieces = self.client.chat.completions.create(
            model=self.model, messages=messages, stream=True, extra_body=body(wishes)
        )
        return list(pieces)

    def text(self, chat: list[Message], **wishes: Any) -> str:
        """The text of the first choice."""
        content = self.ask(chat, **wishes).choices[0].message.content
        assert content is not None
        return content

    def figure(self, name: str) -> int:
        """A figure of the engine, by its name in /metrics."""
        return int(figure(self.url, name, self.model))


def user(content: str) -> list[Message]:
    """A conversation that begins."""
    return [{"role": "user", "content": content}]


def body(wishes: dict[str, Any]) -> dict[str, Any]:
    """The rest of a question."""
    return {"temperature": 0, "max_tokens": TOKENS, **wishes}


def at_once(ask: Callable[[T], U], questions: Iterable[T]) -> list[U]:
    """The answers to questions that are all asked at the same time, in order."""
    asked = list(questions)
    with ThreadPoolExecutor(len(asked)) as threads:
        return list(threads.map(ask, asked))
