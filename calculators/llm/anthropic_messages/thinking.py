"""Thinking: Anthropic's words for what chat templates have switches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import UINT32
from ovpipe.calculators.llm.templates.compiled import SWITCHES

Display = Literal["summarized", "omitted"]
Budget = Annotated[int, Meta(ge=1024, le=UINT32)]


class ThinkingEnabled(Struct, frozen=True, kw_only=True, tag_field="type", tag="enabled"):
    """The model thinks first."""

    budget_tokens: Budget
    display: Display | None = None


class ThinkingAdaptive(Struct, frozen=True, kw_only=True, tag_field="type", tag="adaptive"):
    """The model thinks as much as it finds right."""

    display: Display | None = None


class ThinkingBetweenTools(Struct, frozen=True, kw_only=True, tag_field="type", tag="between_tools"):
    """The model thinks when a tool has answered; here, as it finds right."""


class ThinkingDisabled(Struct, frozen=True, kw_only=True, tag_field="type", tag="disabled"):
    """The model answers at once."""


Thinking = ThinkingEnabled | ThinkingAdaptive | ThinkingBetweenTools | ThinkingDisabled


def thinking_of(thinking: Thinking, path: str) -> dict[str, Any]:
    """The switches of chat templates, and whether the answer shows the thoughts."""
    thinks = not isinstance(thinking, ThinkingDisabled)
    shown = getattr(thinking, "display", None) != "omitted"
    return {"switches": dict.fromkeys(SWITCHES, thinks), "include_reasoning": shown}


def note_budget(body: Mapping[str, Any], ignored: Ignored) -> None:
    """Notes a budget of thoughts: engines have no limit of their own for them."""
    thinking = body.get("thinking")
    if type(thinking) is dict and thinking.get("budget_tokens") is not None:
        ignored.note("thinking.budget_tokens")
