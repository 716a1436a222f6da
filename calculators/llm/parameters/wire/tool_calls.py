"""Tool calls of the history: the functions that an assistant called."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.packets import ToolCall
from ovpipe.calculators.llm.parameters.value_types import NonEmptyText, says

NO_ARGUMENTS: Final = "{}"
CallArguments = Annotated[
    str | dict[str, Any] | list[Any] | bool | int | float, says("a string, JSON as a rule, or an object")
]
"""What a model wrote, as a string or read as JSON: an object, or any value where the model was wrong, since a
client has to be able to send that back."""
CUSTOM: Final = {"custom": "is a call of type 'custom', and this server's tools are functions"}


class CalledByName(Struct, frozen=True):
    """A function and its arguments: a string for OpenAI; some clients send what it is in JSON."""

    name: NonEmptyText
    arguments: CallArguments | None = None

    def packet(self, id: str) -> ToolCall:
        """The graph's call."""
        arguments = NO_ARGUMENTS if self.arguments is None else self.arguments
        if not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        return ToolCall(id=id, name=self.name, arguments=arguments)


class MessageToolCall(Struct, frozen=True, kw_only=True):
    """A call of a function, by its id if it has one."""

    id: str | None = None
    type: Annotated[Literal["function"], Meta(extra={"unsupported": CUSTOM})] | None = None
    function: CalledByName

    def packet(self, id: str) -> ToolCall:
        """The graph's call; `id` is its own where it has none."""
        return self.function.packet(self.id or id)
