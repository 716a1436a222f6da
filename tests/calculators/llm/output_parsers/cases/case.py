"""Case: what a model wrote and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """One output. `calls` are names with arguments, as a text to the letter or as the value of the JSON."""

    name: str
    raw: str
    content: str = ""
    thoughts: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    end: str = ""
    """The token that ended the sequence."""
    tools: tuple[tuple[str, dict[str, Any]], ...] = (("any", {}),)
    """The tools of the request, with the schemas of their parameters."""
    tool_format: str | None = None
    """Where it is not that of the file."""
    prompt_opens_thinking: bool = False
    keep_specials: bool = False
    plain: bool = True
    """Whether it means the same where the vocabulary has the markers as plain text."""


@dataclass(frozen=True)
class Cases:
    """The cases of one format; `specials` are the markers that vocabularies have as special tokens."""

    tool_format: str | None
    reasoning_format: str | None
    specials: tuple[str, ...]
    cases: tuple[Case, ...]
