"""Python literals and calls of them, read as models write them, made JSON."""

from __future__ import annotations

import re

from ovpipe.calculators.llm.output_parsers.readers.json_text import as_json, as_object
from ovpipe.calculators.llm.output_parsers.readers.python_strings import OPENING, literally, read_strings
from ovpipe.calculators.llm.packets import CalledTool

DEEPEST = 100
SPACE = re.compile(r"\s*")
NAME = re.compile(r"[A-Za-z_][\w.\-]*")
KEYWORD = re.compile(r"([A-Za-z_]\w*)\s*=")
WORD = re.compile(r"[A-Za-z_]\w*")
NUMBER = re.compile(
    r"([+-]?)\s*(?:0([xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)|([0-9_]*)(?:\.([0-9_]*))?(?:[eE]([+-]?[0-9_]+))?)(?![\w.])"
)
WORDS = {"True": "true", "False": "false", "None": "null", "true": "true", "false": "false", "null": "null"}
NEXT_CALL = re.compile(r"\)\s*(?=,\s*[A-Za-z_][\w.\-]*\s*\(|\]\s*\Z)")
STRING = r"[rRuUbB]{0,2}[\"']"
LITERAL = rf"(?:{STRING}|[\[{{(\-+.\d]|(?:True|False|None|true|false|null)\b)"
# What follows the quote that closes a string, by what the string is. A quote that something else follows
# is one that the model forgot to escape.
AFTER = {
    "argument": re.compile(r"\s*(?:\)\s*(?:[,\]]|\Z)|,\s*(?:[A-Za-z_]\w*\s*=|\)))"),
    "item": re.compile(rf"\s*(?:[\])}}]\s*(?:[,\])}}]|\Z)|,\s*(?:{LITERAL}|[\])}}]))"),
    "first": re.compile(rf"\s*(?::|[\])}}]\s*(?:[,\])}}]|\Z)|,\s*(?:{LITERAL}|[\])}}]))"),
    "key": re.compile(r"\s*:"),
    "value": re.compile(r"\s*(?:\}|,\s*[\"'}\w\-])"),
    "alone": re.compile(r"\s*\Z"),
}
# What makes a string part of an expression.
OPERATOR = re.compile(r"\s*(?:[+*%]\s*[\"'\w(]|\.\w+\(|\[)|\s+(?:if|for)\s")
# What a string with quotes that nobody escaped must not hold: it would be the next argument or call.
SWALLOWED = re.compile(rf",\s*[A-Za-z_]\w*\s*=\s*{LITERAL}|[\"']\s*,\s*{STRING}|\)\s*,\s*[A-Za-z_][\w.\-]*\(")
BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))


class InvalidLiteral(ValueError):
    """Not a Python literal that JSON could say."""


class DoubtfulCall(InvalidLiteral):
    """What can be read in more than one way, or in none, and so may hide where the next call begins."""


def read_calls(text: str) -> list[CalledTool] | None:
    """The calls in `[f(x=1), g()]`; None if there is no such list or none of its calls can be read.

    A call with a value that Python has and JSON has not is left out beside one that can be read.
    """
    reader = PythonReader(text)
    try:
        return reader.calls()
    except InvalidLiteral:
        return None


def read_value(text: str) -> str:
    """A literal as JSON text; raises InvalidLiteral."""
    reader = PythonReader(text)
    value = reader.value("alone")
    if reader.blank() != len(text):
        raise InvalidLiteral
    return value


class PythonReader:
    """Reads once, from the left to the right."""

    def __init__(self, text: str) -> None:
        self._text = text
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
            except DoubtfulCall:
                raise
            except InvalidLiteral:
                self._skip_call()
                unread = True
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
            if key in arguments:
                raise DoubtfulCall
            arguments[key] = self.value("argument")
            if not self._accept(","):
                self._expect(")")
                break
        return CalledTool(name, as_object(arguments))

    def _skip_call(self) -> None:
        """Moves past the bracket that ends a call, from the value that cannot be read on."""
        depth = 0
        while self._at < len(self._text):
            literal = read_strings(self._text, self._at)
            if literal is not None:
                self._at = literal.end
                continue
            if not depth and (match := NEXT_CALL.match(self._text, self._at)):
                self._at, self._depth = match.end(), 0
                return
            character = self._text[self._at]
            depth += (character in "([{") - (character in ")]}")
            if depth < 0:
                break
            self._at += 1
        raise DoubtfulCall

    def value(self, place: str) -> str:
        """The next literal as JSON text; `place` is what it is part of."""
        self.blank()
        character = self._text[self._at : self._at + 1]
        if opening := OPENING.match(self._text, self._at):
            return as_json(self._string(place, opening))
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
        members = {key(first): self.value("value")}
        while self._accept(",") and not self._peek("}"):
            name = key(self.value("key"))
            self._expect(":")
            members[name] = self.value("value")
        self._expect("}")
        return "{" + ", ".join(f"{name}: {value}" for name, value in members.items()) + "}"

    def _string(self, place: str, opening: re.Match[str]) -> str:
        """A string by Python's rules, if what follows it is what may follow; otherwise as it stands."""
        literal = read_strings(self._text, self._at)
        if literal is not None and AFTER[place].match(self._text, literal.end):
            self._at = literal.end
            return literal.value
        if literal is not None and OPERATOR.match(self._text, literal.end):
            raise DoubtfulCall
        return self._unescaped_string(place, opening)

    def _unescaped_string(self, place: str, opening: re.Match[str]) -> str:
        """A string that is no valid Python, as it stands: what follows a quote says whether it ends there."""
        quotes, start = opening.group(2), opening.end()
        doubtful = False
        for escaped in (False, True):
            at, kind, inside = start, (quotes, f"{place} {escaped}"), 0
            if kind in self._unclosed:
                continue
            while (at := self._text.find(quotes, at)) >= 0:
                if self._escaped(start, at) is escaped:
                    if AFTER[place].match(self._text, at + len(quotes)):
                        break
                    inside += 1
                at += 1
            if at < 0:
                self._unclosed.add(kind)
                continue
            inner = self._text[start:at]
            if not (inside or escaped) or is_certain(inner):
                self._at = at + len(quotes)
                return inner if opening.group(1) in ("r", "R") else literally(inner, quotes)
            doubtful = True
        raise DoubtfulCall if doubtful else InvalidLiteral

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


def is_certain(inner: str) -> bool:
    """Whether a string that holds unescaped quotes holds no part of the call, and breaks off amid none."""
    return SWALLOWED.search(inner) is None and all(inner.count(a) == inner.count(b) for a, b in BRACKETS)


def key(value: str) -> str:
    """A dict's key as JSON's: a string."""
    if value.startswith(("[", "{")):
        raise InvalidLiteral
    return value if value.startswith('"') else as_json(value)


def number(match: re.Match[str]) -> str:
    """A Python number as JSON writes it, digit for digit."""
    sign, based, whole, fraction, exponent = match.groups()
    sign = "-" if sign == "-" else ""
    if based is not None:
        return sign + str(int(f"0{based}"[:4000].replace("_", ""), 0))
    digits = whole.replace("_", "")
    if not digits and not fraction:
        raise InvalidLiteral
    text = sign + (digits.lstrip("0") or "0")
    if fraction is not None:
        text += f".{fraction.replace('_', '') or '0'}"
    return text if exponent is None else f"{text}e{exponent.replace('_', '')}"
