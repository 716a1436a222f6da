"""Calls and values as Gemma 4 writes them, made JSON."""

from __future__ import annotations

import re

from ovpipe.calculators.llm.output_parsers.readers.json_text import SCALAR, as_json
from ovpipe.calculators.llm.packets import CalledTool

QUOTE = '<|"|>'
DEEPEST = 100
SPACE = re.compile(r"\s*")
CALL = re.compile(r"call:\s*([^\s{}:,]+)\s*")
KEY = re.compile(r"([^\s:,{}\[\]<]+)\s*:")
BARE = re.compile(r"[^,{}\[\]<]+")


class InvalidGemmaCall(ValueError):
    """Not a call of Gemma's form."""


def read_calls(text: str) -> list[CalledTool]:
    """The calls in `call:f{...}call:g{...}`; none unless the whole text is such."""
    reader = GemmaReader(text)
    try:
        return reader.calls()
    except InvalidGemmaCall:
        return []


class GemmaReader:
    """Reads once, from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def calls(self) -> list[CalledTool]:
        """The whole text as calls."""
        calls = []
        while self._blank() < len(self._text):
            name = self._match(CALL).group(1)
            if not self._accept("{"):
                raise InvalidGemmaCall
            calls.append(CalledTool(name, self._object()))
        return calls

    def _object(self) -> str:
        members = []
        while not self._accept("}"):
            name = self._quoted() if self._accept(QUOTE) else None
            if name is None:
                name = self._match(KEY).group(1)
            elif not self._accept(":"):
                raise InvalidGemmaCall
            members.append(f"{as_json(name)}: {self._value()}")
            if not self._accept(","):
                if not self._accept("}"):
                    raise InvalidGemmaCall
                break
        return "{" + ", ".join(members) + "}"

    def _list(self) -> str:
        values = []
        while not self._accept("]"):
            values.append(self._value())
            if not self._accept(","):
                if not self._accept("]"):
                    raise InvalidGemmaCall
                break
        return f"[{', '.join(values)}]"

    def _value(self) -> str:
        if self._accept(QUOTE):
            return as_json(self._quoted())
        self._depth += 1
        if self._depth > DEEPEST:
            raise InvalidGemmaCall
        if self._accept("{"):
            value = self._object()
        elif self._accept("["):
            value = self._list()
        else:
            bare = self._match(BARE).group().strip()
            value = bare if SCALAR.fullmatch(bare) else as_json(bare)
        self._depth -= 1
        return value

    def _quoted(self) -> str:
        end = self._text.find(QUOTE, self._at)
        if end < 0:
            raise InvalidGemmaCall
        text, self._at = self._text[self._at : end], end + len(QUOTE)
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
