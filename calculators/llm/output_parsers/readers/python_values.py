"""Python literals and calls of them, read as models write them, made JSON."""

from __future__ import annotations

import re

from ovpipe.calculators.llm.output_parsers.readers.json_text import as_json, as_object
from ovpipe.calculators.llm.packets import CalledTool

DEEPEST = 100
SPACE = re.compile(r"\s*")
NAME = re.compile(r"[A-Za-z_][\w.\-]*")
KEYWORD = re.compile(r"([A-Za-z_]\w*)\s*=")
WORD = re.compile(r"[A-Za-z_]\w*")
NUMBER = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|([0-9_]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?)(?![\w.])")
WORDS = {"True": "true", "False": "false", "None": "null", "true": "true", "false": "false", "null": "null"}
NEXT_CALL = re.compile(r"\)\s*(?=,\s*[A-Za-z_][\w.\-]*\s*\(|\]\s*\Z)")
ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\n": ""}
# What follows the quote that closes a string, by what the string is. A quote that something else follows
# is one that the model forgot to escape.
AFTER = {
    "argument": re.compile(r"\s*(?:\)\s*(?:[,\]]|\Z)|,\s*(?:[A-Za-z_]\w*\s*=|\)))"),
    "item": re.compile(
        r"\s*(?:[\])}]\s*(?:[,\])}]|\Z)|,\s*(?:[\"'\[{(\-+.\d\])}]|True|False|None|true|false|null))"
    ),
    "first": re.compile(r"\s*(?::|[\])}]\s*(?:[,\])}]|\Z)|,\s*[\"'\[{(\-+.\d\])}])"),
    "key": re.compile(r"\s*:"),
    "value": re.compile(r"\s*(?:\}|,\s*[\"'}\w\-])"),
    "alone": re.compile(r"\s*\Z"),
}


class InvalidLiteral(ValueError):
    """Not a Python literal that JSON could say."""


def read_calls(text: str, *, escapes: bool) -> list[CalledTool] | None:
    """The calls in `[f(x=1), g()]`; None if there is no such list or none of its calls can be read.

    `escapes`: strings follow Python's escape rules; otherwise a backslash means itself, but before a quote.
    A call that cannot be read is left out beside one that can.
    """
    reader = PythonReader(text, escapes=escapes)
    try:
        return reader.calls()
    except InvalidLiteral:
        return None


def read_value(text: str) -> str:
    """A literal as JSON text; raises InvalidLiteral."""
    reader = PythonReader(text, escapes=True)
    value = reader.value("alone")
    if reader.blank() != len(text):
        raise InvalidLiteral
    return value


class PythonReader:
    """Reads once, from the left to the right."""

    def __init__(self, text: str, *, escapes: bool) -> None:
        self._text = text
        self._escapes = escapes
        self._at = 0
        self._depth = 0
        self._unclosed: set[tuple[str, str]] = set()
        """Quotes that close nothing from here on; without them a text of open quotes costs quadratic time."""

    def calls(self) -> list[CalledTool] | None:
        """The whole text as a list of calls."""
        self._expect("[")
        calls, unread = [], False
        while not self._accept("]"):
            try:
                calls.append(self._call())
            except InvalidLiteral:
                match = NEXT_CALL.search(self._text, self._at)
                if match is None:
                    raise
                self._at, self._depth, unread = match.end(), 0, True
            if not self._accept(","):
                self._expect("]")
                break
        if self.blank() != len(self._text) or (unread and not calls):
            return None
        return calls

    def _call(self) -> CalledTool:
        name = self._match(NAME).group()
        self._expect("(")
        arguments: dict[str, str] = {}
        while not self._accept(")"):
            key = self._match(KEYWORD).group(1)
            arguments[key] = self.value("argument")
            if not self._accept(","):
                self._expect(")")
                break
        return CalledTool(name, as_object(arguments))

    def value(self, place: str) -> str:
        """The next literal as JSON text; `place` is what it is part of."""
        self.blank()
        character = self._text[self._at : self._at + 1]
        if character in ("'", '"'):
            return as_json(self._string(place))
        if character in ("[", "(", "{"):
            self._at += 1
            self._depth += 1
            if self._depth > DEEPEST:
                raise InvalidLiteral
            value = self._dict_or_set() if character == "{" else self._list("]" if character == "[" else ")")
            self._depth -= 1
            return value
        if character.isalpha() or character == "_":
            word = self._match(WORD).group()
            if word not in WORDS:
                raise InvalidLiteral
            return WORDS[word]
        return number(self._match(NUMBER))

    def _list(self, closing: str) -> str:
        values = []
        commas = 0
        while not self._accept(closing):
            values.append(self.value("item"))
            if not self._accept(","):
                self._expect(closing)
                break
            commas += 1
        if closing == ")" and len(values) == 1 and not commas:
            return values[0]
        return f"[{', '.join(values)}]"

    def _dict_or_set(self) -> str:
        if self._accept("}"):
            return "{}"
        first = self.value("first")
        if not self._accept(":"):
            values = [first]
            while self._accept(",") and not self._peek("}"):
                values.append(self.value("item"))
            self._expect("}")
            return f"[{', '.join(values)}]"
        members = [f"{key(first)}: {self.value('value')}"]
        while self._accept(",") and not self._peek("}"):
            name = key(self.value("key"))
            self._expect(":")
            members.append(f"{name}: {self.value('value')}")
        self._expect("}")
        return "{" + ", ".join(members) + "}"

    def _string(self, place: str) -> str:
        quote = self._text[self._at]
        start = at = self._at + 1
        if (quote, place) in self._unclosed:
            raise InvalidLiteral
        while (at := self._text.find(quote, at)) >= 0:
            if not self._escaped(start, at) and AFTER[place].match(self._text, at + 1):
                self._at = at + 1
                inner = self._text[start:at]
                return ESCAPE.sub(unescaped, inner) if self._escapes else inner.replace("\\" + quote, quote)
            at += 1
        self._unclosed.add((quote, place))
        raise InvalidLiteral

    def _escaped(self, start: int, at: int) -> bool:
        backslashes = 0
        while at - backslashes > start and self._text[at - backslashes - 1] == "\\":
            backslashes += 1
        return backslashes % 2 == 1

    def blank(self) -> int:
        """Skips white space; where it ends."""
        match = SPACE.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return self._at

    def _peek(self, character: str) -> bool:
        return self._text.startswith(character, self.blank())

    def _accept(self, character: str) -> bool:
        found = self._peek(character)
        self._at += found
        return found

    def _expect(self, character: str) -> None:
        if not self._accept(character):
            raise InvalidLiteral

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self._text, self.blank())
        if match is None or match.end() == self._at:
            raise InvalidLiteral
        self._at = match.end()
        return match


def key(value: str) -> str:
    """A dict's key as JSON's: a string."""
    if value.startswith(("[", "{")):
        raise InvalidLiteral
    return value if value.startswith('"') else as_json(value)


def number(match: re.Match[str]) -> str:
    """A Python number as JSON writes it, digit for digit."""
    sign, hexadecimal, whole, fraction, exponent = match.groups()
    sign = "-" if sign == "-" else ""
    if hexadecimal is not None:
        return sign + str(int(hexadecimal[:4000], 16))
    digits = whole.replace("_", "")
    if not digits and not fraction:
        raise InvalidLiteral
    text = sign + (digits.lstrip("0") or "0")
    if fraction is not None:
        text += f".{fraction or '0'}"
    return text if exponent is None else f"{text}e{exponent}"


def unescaped(match: re.Match[str]) -> str:
    """What an escape stands for; one that Python does not know stands for itself."""
    text = match.group()
    mark = text[1]
    if mark in "xuU" and len(text) > 2:
        code = int(text[2:], 16)
        return chr(code) if code <= 0x10FFFF else text
    if mark in "01234567":
        return chr(int(text[1:], 8))
    return mark if mark in "\\'\"" else ESCAPES.get(mark, text)
