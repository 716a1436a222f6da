"""Calls and values as Gemma 4 writes them, made JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ovpipe.calculators.llm.output_parsers.readers.json_text import as_json, as_object
from ovpipe.calculators.llm.output_parsers.readers.python_strings import (
    OPENING,
    StringLiteral,
    literally,
    read_strings,
)
from ovpipe.calculators.llm.output_parsers.readers.typed_values import typed
from ovpipe.calculators.llm.output_parsers.readers.value_schema import ValueSchema, arguments_of
from ovpipe.calculators.llm.packets import CalledTool, Tool

QUOTE = '<|"|>'
DEEPEST = 100
SPACE = re.compile(r"\s*")
CALL = re.compile(r"call:\s*[\"']?([^\s{}:,\"']+)[\"']?\s*")
KEY = re.compile(r"([^\s:,{}\[\]<]+)\s*:")
BARE = re.compile(r"[^,{}\[\]<]+")
# What follows a plain quote that closes a string, by what the string is.
AFTER = {"key": re.compile(r"\s*:"), "member": re.compile(r"\s*[,}]"), "item": re.compile(r"\s*[,\]]")}


class InvalidGemmaCall(ValueError):
    """Not a call of Gemma's form."""


def read_calls(text: str, tools: Sequence[Tool] = ()) -> list[CalledTool]:
    """The calls in `call:f{...}call:g{...}`; none unless the whole text is such.

    Strings stand between the token for quotes, sometimes between plain quotes, or bare. Bare ones are of the
    type that the tool's schema says.
    """
    reader = GemmaReader(text)
    try:
        return reader.calls(tools)
    except InvalidGemmaCall:
        return []


class GemmaReader:
    """Reads once, from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._unclosed: set[tuple[str, str]] = set()
        """Quotes that close nothing from here on."""

    def calls(self, tools: Sequence[Tool]) -> list[CalledTool]:
        """The whole text as calls."""
        calls = []
        while self._blank() < len(self._text):
            name = self._match(CALL).group(1)
            if not self._accept("{"):
                raise InvalidGemmaCall
            calls.append(CalledTool(name, self._object(arguments_of(tools, name))))
        return calls

    def _object(self, schema: ValueSchema) -> str:
        members: dict[str, str] = {}
        while not self._accept("}"):
            name = self._quoted("key")
            if name is None:
                name = self._match(KEY).group(1)
            elif not self._accept(":"):
                raise InvalidGemmaCall
            if name in members:
                raise InvalidGemmaCall
            members[name] = self._value("member", schema.member(name))
            if not self._accept(","):
                if not self._accept("}"):
                    raise InvalidGemmaCall
                break
        return as_object(members)

    def _list(self, schema: ValueSchema) -> str:
        values: list[str] = []
        while not self._accept("]"):
            values.append(self._value("item", schema.item(len(values))))
            if not self._accept(","):
                if not self._accept("]"):
                    raise InvalidGemmaCall
                break
        return f"[{', '.join(values)}]"

    def _value(self, place: str, schema: ValueSchema) -> str:
        text = self._quoted(place)
        if text is not None:
            return as_json(text)
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidGemmaCall
        if self._accept("{"):
            value = self._object(schema)
        elif self._accept("["):
            value = self._list(schema)
        else:
            bare = self._match(BARE).group().strip()
            value = "null" if bare == "null" else typed(bare, schema)
        self._depth -= 1
        return value

    def _quoted(self, place: str) -> str | None:
        """The string that begins here, if one does: between tokens for quotes, or plain quotes."""
        if self._accept(QUOTE):
            return self._until(QUOTE)
        opening = OPENING.match(self._text, self._at)
        if opening is None or opening.group(1):
            return None
        literal = read_strings(self._text, self._at, most=1)
        if literal is None or not AFTER[place].match(self._text, literal.end):
            literal = self._unescaped(opening, place)
        if literal is None:
            return None
        self._at = literal.end
        return literal.value

    def _unescaped(self, opening: re.Match[str], place: str) -> StringLiteral | None:
        """A string with quotes that nobody escaped; None: none ends it, so this one is part of a bare one."""
        quotes, start = opening.group(2), opening.end()
        end = -1 if (quotes, place) in self._unclosed else self._text.find(quotes, start)
        while end >= 0 and not AFTER[place].match(self._text, end + len(quotes)):
            end = self._text.find(quotes, end + 1)
        text = self._text[start:end] if end >= 0 else ""
        if end < 0:
            self._unclosed.add((quotes, place))
        if "," in text or (end < 0 and quotes != "'"):
            raise InvalidGemmaCall  # it may as well end before the comma
        return StringLiteral(literally(text, quotes), end + len(quotes)) if end >= 0 else None

    def _until(self, quote: str) -> str:
        end = self._text.find(quote, self._at)
        if end < 0:
            raise InvalidGemmaCall
        text, self._at = self._text[self._at : end], end + len(quote)
        return text

    def _blank(self) -> int:
        match = SPACE.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at

    def _accept(self, mark: str) -> bool:
        found = self._text.startswith(mark, self._blank())
        self._at += len(mark) if found else 0
        return found

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self._blank())
        if match is None:
            raise InvalidGemmaCall
        self._at = match.end()
        return match
