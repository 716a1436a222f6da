"""Tool choices of Anthropic's form."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ovpipe.calculators.llm.parameters.value_types import NonEmptyText
from ovpipe.calculators.llm.parameters.wire.tool_choices import AskedChoice


class MayCall(Struct, frozen=True, kw_only=True, tag_field="type", tag="auto"):
    """The model decides."""

    disable_parallel_tool_use: bool | None = None


class MustCall(Struct, frozen=True, kw_only=True, tag_field="type", tag="any"):
    """The model calls some tool."""

    disable_parallel_tool_use: bool | None = None


class MustCallThis(Struct, frozen=True, kw_only=True, tag_field="type", tag="tool"):
    """The model calls one tool."""

    name: NonEmptyText
    disable_parallel_tool_use: bool | None = None


class MayNotCall(Struct, frozen=True, kw_only=True, tag_field="type", tag="none"):
    """The model calls none, and sees none."""


MessagesToolChoice = MayCall | MustCall | MustCallThis | MayNotCall


def choice_of(choice: MessagesToolChoice, path: str) -> dict[str, Any]:
    """What is asked for, and whether several calls at once are."""
    if isinstance(choice, MayNotCall):
        return {"tool_choice": AskedChoice("none")}
    if isinstance(choice, MustCallThis):
        asked = AskedChoice("named", (choice.name,))
    else:
        asked = AskedChoice("required" if isinstance(choice, MustCall) else "auto")
    return {"tool_choice": asked, "parallel_tool_calls": not choice.disable_parallel_tool_use}
