"""A conversation out of items: what the model thinks, says and calls in a row is one message of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovpipe.calculators.llm.openai_responses.items import (
    AnyItem,
    CustomToolCallItem,
    FunctionCallItem,
    MessageItem,
    OutputItem,
    ReasoningItem,
)
from ovpipe.calculators.llm.packets import Message, TextPart, ToolCall
from ovpipe.calculators.llm.parameters.errors import wrong_value

INSTRUCTIONS = "instructions"


@dataclass
class GrowingConversation:
    """The graph's messages as they grow, and where each of them stands in the request."""

    messages: list[Message] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    _thoughts: list[str] = field(default_factory=list)
    _said: str | tuple[TextPart, ...] | None = None
    _calls: list[ToolCall] = field(default_factory=list)
    _began: str = ""
    """Where the answer stands that is not whole yet; empty: there is none."""
    _called: set[str] = field(default_factory=set)

    def add(self, item: AnyItem, place: str) -> None:
        """Takes the next item; RequestError 400 for the output of a call that nobody made."""
        match item:
            case ReasoningItem():
                self._think(item.thoughts, place)
            case MessageItem(role="assistant"):
                said, thoughts = item.said
                self._think(thoughts, place)
                self._said = said
            case FunctionCallItem() | CustomToolCallItem():
                self._began = self._began or place
                self._calls.append(item.call)
                self._called.add(item.call_id)
            case MessageItem():
                self._add(Message(role=item.role, content=item.said[0]), place)
            case OutputItem():
                if item.call_id not in self._called:
                    raise wrong_value(f"{place}.call_id", "that of a call which stands before it")
                self._add(Message(role="tool", content=item.said, tool_call_id=item.call_id), place)

    def end(self) -> None:
        """Ends an answer that is not whole."""
        if self._began:
            said = self._said if self._said is not None or self._calls else ""
            thoughts = "\n\n".join(self._thoughts)
            self.messages.append(
                Message(
                    role="assistant",
                    content=said,
                    tool_calls=tuple(self._calls),
                    reasoning_content=thoughts or None,
                )
            )
            self.places.append(self._began)
        self._thoughts, self._said, self._calls, self._began = [], None, [], ""

    def _think(self, thoughts: str, place: str) -> None:
        """Begins an answer, unless all that there is of it are thoughts."""
        if self._said is not None or self._calls:
            self.end()
        self._began = self._began or place
        if thoughts:
            self._thoughts.append(thoughts)

    def _add(self, message: Message, place: str) -> None:
        self.end()
        self.messages.append(message)
        self.places.append(place)


def conversation_of(
    before: Sequence[AnyItem], items: Sequence[AnyItem], instructions: str | None, *, listed: bool
) -> GrowingConversation:
    """The messages of a request: its instructions, what came before it, and its own items.

    `listed` says whether its input is a list, whose items have places of their own.
    """
    conversation = GrowingConversation()
    if instructions is not None:
        conversation.messages.append(Message(role="system", content=instructions))
        conversation.places.append(INSTRUCTIONS)
    for item in before:
        conversation.add(item, "previous_response_id")
    for at, item in enumerate(items):
        conversation.add(item, f"input[{at}]" if listed else "input")
    conversation.end()
    if not conversation.messages:
        raise wrong_value("input", "a string, or a list with something in it")
    return conversation
