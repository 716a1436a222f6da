"""Probing: what a template can read is found out by rendering words that stand nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Final, NamedTuple

from ovpipe.calculators.llm.packets import Message, TextPart, Tool, ToolCall
from ovpipe.calculators.llm.templates.quirks import AS_ONE_PART, AS_TEXT, NOTHING_SAID, ContentForm, Quirks

WORDS: Final = ("Wyrzqua", "Wyrzqui")
"""What is looked for. A message in two parts says both, one in a single piece the first."""
OTHER: Final = "Hm"
"""What the messages say that are not looked at."""
FUNCTION: Final = "wyrzq_call"
CALL_ID: Final = "call_wyrzq0123456789abcdef01"
MOST_LENGTHS: Final = 8
"""How many lengths of ids are tried."""

Write = Callable[[Sequence[Message], Quirks, Tool | None], str | None]
"""Renders messages as a template with such quirks gets them; "" when it fails, None when it refuses them.

A template for requests with tools gets the tool, or one of no importance.
"""


class Scene(NamedTuple):
    """A conversation in which one message is looked at."""

    messages: tuple[Message, ...]
    at: int
    """The message that is looked at."""

    def with_content(self, content: str | tuple[TextPart, ...]) -> tuple[Message, ...]:
        """The conversation, in which that message says this."""
        looked_at = self.messages[self.at]
        said = Message(
            role=looked_at.role,
            content=content,
            tool_call_id=looked_at.tool_call_id,
            tool_calls=looked_at.tool_calls,
        )
        return (*self.messages[: self.at], said, *self.messages[self.at + 1 :])


def _says(role: str) -> Message:
    return Message(role=role, content=OTHER)


USER: Final = _says("user")
SYSTEM: Final = _says("system")
ASSISTANT: Final = _says("assistant")
CALLS: Final = Message(
    role="assistant", content=None, tool_calls=(ToolCall(id=CALL_ID, name=FUNCTION, arguments="{}"),)
)
RESULT: Final = Message(role="tool", content=OTHER, tool_call_id=CALL_ID)
TOOL: Final = Tool(
    name=FUNCTION,
    description=OTHER,
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string", "description": OTHER}},
        "required": ["city"],
    },
)
OTHER_TOOL: Final = Tool(name=OTHER, description=OTHER, parameters=TOOL.parameters)

CALL_AND_RESULT: Final = Scene((USER, CALLS, RESULT), 2).with_content(WORDS[0])
SCENES: Final = MappingProxyType(
    {
        "user": (
            Scene((USER,), 0),
            Scene((SYSTEM, USER), 1),
            Scene((USER, ASSISTANT, USER), 0),
        ),
        "system": (Scene((SYSTEM, USER), 0),),
        "developer": (Scene((_says("developer"), USER), 0),),
        "assistant": (Scene((USER, ASSISTANT, USER), 1), Scene((USER, ASSISTANT), 1)),
        "tool": (
            Scene((USER, CALLS, RESULT), 2),
            Scene((USER, CALLS, RESULT, ASSISTANT, USER), 2),
        ),
    }
)


class ProbeResult(NamedTuple):
    """What came of a role's scenes with contents of one kind."""

    shown: int
    """In how many scenes all that was said is shown."""
    wordless: bool
    """Something else was rendered of the message."""
    refused: bool
    """None of the scenes was rendered."""
    verbatim: bool
    """Where it is shown, it is shown letter by letter."""


def probe(write: Write, *, numbers: Iterable[int], names_developer: bool) -> Quirks:
    """The quirks of the template that `write` renders.

    `numbers` are those that stand in its source, one of which may be the length of a call's id;
    `names_developer` is whether the role's name stands there.
    """
    prober = Prober(write)
    for role in ("user", "system", "assistant", "user"):  # the user's again, now that the others' are known
        prober.find_form(role)
    prober.find_how_calls_are_read([None, *sorted(set(numbers))[:MOST_LENGTHS]])
    prober.find_form("tool")
    prober.find_calls_beside_words()
    prober.find_developer(names_developer)
    prober.find_tools()
    return prober.quirks


class Prober:
    """Finds one quirk after the other; each rendering has those that are found already."""

    def __init__(self, write: Write) -> None:
        self.quirks = Quirks()
        self._render = write
        alone, instructed = (write((*before, USER), self.quirks, None) for before in ((), (SYSTEM,)))
        self._opening = (SYSTEM,) if not alone and instructed else ()
        """What conversations begin with: a template may refuse those that do not begin with the system."""

    def find_form(self, role: str) -> None:
        """How the contents of a role are read, as a text where that shows as much as a part does."""
        text, part = self._look(role, AS_TEXT), self._look(role, AS_ONE_PART)
        best = max(text, part, key=lambda finding: finding.shown)
        form = ContentForm(text=text.shown >= part.shown, parts=True)
        if not best.shown or self._look(role, form, in_parts=True).shown < best.shown:
            form = form._replace(parts=False)
        found = self._reading(role, form)
        if best.shown:
            found = replace(found, user=found.user or role == "user")
            if best.verbatim:
                found = replace(found, verbatim=found.verbatim | {role})
        elif role == "user":
            found = replace(found, user=text.refused and part.refused)
        elif not found.user:
            pass  # it shows nothing at all, so nothing is to be learnt from that
        elif role == "system":
            found = replace(found, system=text.refused and part.refused)
        elif text.wordless or part.wordless:
            found = replace(found, wordless=found.wordless | {role})
        self.quirks = found

    def find_how_calls_are_read(self, lengths: Sequence[int | None]) -> None:
        """The ids of calls, and what stands for the content that a message which calls has not.

        The form of the results that follow is not known yet, so both are tried. Ids of another length are
        tried only where those of the length before are refused.
        """
        for length in lengths:
            best, refused = (False, False), True
            for form, nothing in product((AS_TEXT, AS_ONE_PART), NOTHING_SAID):
                quirks = replace(self._reading("tool", form), id_length=length, nothing_said=nothing)
                text = self._write(CALL_AND_RESULT, quirks)
                refused = refused and text is None
                score = FUNCTION in (text or ""), _is_said(WORDS[0], text or "")
                if score > best:
                    best, found = score, quirks
                if all(best):
                    break
            if not refused:
                self.quirks = found if any(best) else replace(self.quirks, id_length=length)
                return

    def find_calls_beside_words(self) -> None:
        """Whether calls are lost where the message says something as well, and not without."""
        alone = self._write(CALL_AND_RESULT, self.quirks) or ""
        together = self._write(Scene((USER, CALLS, RESULT), 1).with_content(WORDS[0]), self.quirks) or ""
        if FUNCTION in alone and FUNCTION not in together and WORDS[0] in together:
            self.quirks = replace(self.quirks, calls_apart=True)

    def find_developer(self, named: bool) -> None:
        """Whether the role is known: its name stands in the template, and what it says is not lost."""
        self.quirks = replace(self.quirks, developer=named)
        if named:
            self.find_form("developer")
            lost = not self._look("developer", self.quirks.form("developer")).shown
            if lost and self._look("system", self.quirks.form("system")).shown:
                self.quirks = replace(self.quirks, developer=False)

    def find_tools(self) -> None:
        """Whether a tool is shown to the model anywhere."""
        conversations = ((USER,), (SYSTEM, USER))
        texts = [self._write(messages, self.quirks, TOOL) for messages in conversations]
        rendered = [text for text in texts if text is not None]
        self.quirks = replace(self.quirks, tools=not rendered or any(FUNCTION in text for text in rendered))

    def _write(self, messages: Sequence[Message], quirks: Quirks, tool: Tool | None = None) -> str | None:
        begins = messages[0].role if messages else ""
        opening = () if begins in ("system", "developer") else self._opening
        return self._render((*opening, *messages), quirks, tool)

    def _reading(self, role: str, form: ContentForm) -> Quirks:
        """The quirks so far, and this form of a role's contents."""
        return replace(self.quirks, forms=MappingProxyType({**self.quirks.forms, role: form}))

    def _look(self, role: str, form: ContentForm, *, in_parts: bool = False) -> ProbeResult:
        """What comes of the scenes of a role whose contents are read so."""
        quirks = self._reading(role, form)
        if not self.quirks.forms:
            # Of the others nothing is known yet; as a rule a template reads all of them alike.
            quirks = replace(quirks, forms=MappingProxyType(dict.fromkeys(SCENES, form)))
        said = WORDS if in_parts else WORDS[:1]
        content = tuple(TextPart(word) for word in WORDS) if in_parts else WORDS[0]
        shown, wordless, refused, verbatim = 0, False, True, True
        for scene in SCENES[role]:
            text = self._write(scene.with_content(content), quirks)
            if text is None:
                continue
            refused = False
            if all(_is_said(word, text) for word in said):
                shown += 1
                verbatim = verbatim and all(word in text for word in said)
            elif not wordless:
                silent = (*scene.messages[: scene.at], *scene.messages[scene.at + 1 :])
                wordless = text != self._write(silent, quirks)
        return ProbeResult(shown, wordless, refused, verbatim)


def _is_said(word: str, text: str) -> bool:
    """Whether a text has a word, in any case, outside of parts spelt out as Python or JSON writes them."""
    quote = r"""\\*(?:["']|&\#3[49];)"""
    spelt = rf"text{quote}\s*[:,]\s*{quote}{word}"
    return word.casefold() in re.sub(spelt, "", text, flags=re.IGNORECASE).casefold()
