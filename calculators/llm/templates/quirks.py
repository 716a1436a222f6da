"""Quirks: in what chat templates differ, of what they take for granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

Members = tuple[tuple[str, str | None], ...]
"""Names and values of what a message has."""


class ContentForm(NamedTuple):
    """What a template reads of the contents of one role."""

    text: bool
    """It shows a string. One that does not gets a list of one part."""

    parts: bool
    """It shows every part of a list. One that does not gets the parts joined."""


AS_TEXT: Final = ContentForm(text=True, parts=False)
AS_ONE_PART: Final = ContentForm(text=False, parts=False)
NOTHING_SAID: Final[tuple[Members, ...]] = ((), (("content", None),), (("content", ""),))
"""How a message that calls functions may have no content: transformers' callers write each of these."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """What one template can read. `probing` finds it out, by rendering."""

    forms: Mapping[str, ContentForm] = field(default_factory=lambda: MappingProxyType({}))
    """By role; a role that is not here is read as text."""

    user: bool = True
    """It shows what a user says. When it does not, this is no template for chats."""

    system: bool = True
    """It shows what the system says, or refuses to. One that drops it in silence gets it as the user's."""

    developer: bool = False
    """It knows the role "developer". One that does not, drops its messages or writes a header that the model
    was not trained on; for it they are the system's."""

    wordless: frozenset[str] = frozenset()
    """Roles of which it writes a header and not a word of what they say."""

    id_length: int | None = None
    """The length it demands of the ids of tool calls, 9 in Mistral's, where ids of the API's length make it
    raise; None in most."""

    nothing_said: Members = NOTHING_SAID[0]
    """The members that stand for the content of a message that calls functions and says nothing."""

    calls_apart: bool = False
    """It leaves out the calls of a message that says something, too. So what it says is a message before."""

    tools: bool = True
    """It has a place for tools."""

    verbatim: frozenset[str] = frozenset()
    """Roles whose contents it writes letter by letter as they are."""

    def form(self, role: str) -> ContentForm:
        """What it reads of a role's contents."""
        return self.forms.get(role, AS_TEXT)
