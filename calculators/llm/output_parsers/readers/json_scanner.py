"""JsonScanner: where a JSON object or array ends, in a text that comes piece by piece."""

from __future__ import annotations

import re

DEEPEST = 500
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
SPACE = re.compile(r"[ \t\n\r]*")
LITERALS = {"t": "rue", "f": "alse", "n": "ull"}
# What may follow in a number, by what came before. RFC 8259, section 6.
NUMBER = {
    "-": {"0": "0", "digit": "1"},
    "0": {".": ".", "e": "e"},
    "1": {"0": "1", "digit": "1", ".": ".", "e": "e"},
    ".": {"0": "2", "digit": "2"},
    "2": {"0": "2", "digit": "2", "e": "e"},
    "e": {"sign": "s", "-": "s", "0": "3", "digit": "3"},
    "s": {"0": "3", "digit": "3"},
    "3": {"0": "3", "digit": "3"},
}
NUMBER_MAY_END = frozenset("0123")
KINDS = {"-": "-", "+": "sign", "0": "0", ".": ".", "e": "e", "E": "e", **dict.fromkeys("123456789", "digit")}


class JsonScanner:
    """Follows one JSON object or array (RFC 8259) and looks at no character twice.

    Once `whole` or `broken` is set there is nothing more to feed. Nesting deeper than 500 counts as broken:
    hardly any reader takes it.
    """

    def __init__(self) -> None:
        self.whole = False
        self.broken = False
        self._open: list[str] = []
        self._state = "start"
        self._rest = ""
        """What is left of a literal, or the digits of an escape that are still to come."""

    def feed(self, text: str, at: int = 0) -> int:
        """How far the value goes in `text`: past its last character, or to the one that breaks it."""
        size = len(text)
        while at < size and not self.whole:
            if self._state == "string":
                match = PLAIN.match(text, at)
                assert match is not None
                at = match.end()
                if at == size:
                    return at
            elif self._state in OUTSIDE:
                match = SPACE.match(text, at)
                assert match is not None
                at = match.end()
                if at == size:
                    return at
            if not self._step(text[at]):
                self.broken = True
                return at
            if self._state == "number over":
                self._state = "after"  # the character that ended it is looked at as what follows it
                continue
            at += 1
        return at

    def _step(self, character: str) -> bool:
        """Takes one character; whether it may stand there."""
        match self._state:
            case "string":
                return self._in_string(character)
            case "escape":
                self._state = "hex" if character == "u" else "string"
                self._rest = "1234"
                return character in '"\\/bfnrtu'
            case "hex":
                self._rest = self._rest[1:]
                if not self._rest:
                    self._state = "string"
                return character in "0123456789abcdefABCDEF"
            case "literal":
                if character != self._rest[0]:
                    return False
                self._rest = self._rest[1:]
                if not self._rest:
                    self._state = "after"
                return True
            case "number":
                return self._in_number(character)
            case "after":
                return self._after(character)
            case "colon":
                self._state = "value"
                return character == ":"
            case "key" | "first key":
                if character == "}" and self._state == "first key":
                    return self._close("}")
                self._open.append("key")
                self._state = "string"
                return character == '"'
            case _:
                return self._value(character)

    def _in_string(self, character: str) -> bool:
        if character == "\\":
            self._state = "escape"
            return True
        if character != '"':
            return False
        if self._open[-1] == "key":
            self._open.pop()
            self._state = "colon"
        else:
            self._state = "after"
        return True

    def _in_number(self, character: str) -> bool:
        following = NUMBER[self._rest].get(KINDS.get(character, ""))
        if following is not None:
            self._rest = following
            return True
        self._state = "number over"
        return self._rest in NUMBER_MAY_END

    def _after(self, character: str) -> bool:
        if character == ",":
            self._state = "key" if self._open[-1] == "}" else "value"
            return True
        return self._close(character)

    def _close(self, character: str) -> bool:
        if self._open.pop() != character:
            return False
        self._state = "after"
        self.whole = not self._open
        return True

    def _value(self, character: str) -> bool:
        if character == "{" or character == "[":
            self._open.append("}" if character == "{" else "]")
            self._state = "first key" if character == "{" else "first value"
            return len(self._open) <= DEEPEST
        if self._state == "start":
            return False
        if character == "]" and self._state == "first value":
            return self._close("]")
        if character == '"':
            self._state = "string"
        elif character in LITERALS:
            self._state, self._rest = "literal", LITERALS[character]
        elif character in "-0123456789":
            self._state, self._rest = "number", character if character in "-0" else "1"
        else:
            return False
        return True


OUTSIDE = frozenset({"value", "first value", "key", "first key", "colon", "after"})
