"""JSON's own rules (RFC 8259). White space between tokens has a bound: a model cannot go on with blanks."""

from __future__ import annotations

import json
from typing import Any, Final

from ovpipe.engines.grammars.ebnf.expression_rules import UNESCAPED
from ovpipe.engines.grammars.ebnf.rules import NOTHING, Rules, group, literal

MOST_INDENTATION: Final = 16
"""Blanks that a line may begin with. Deeper lines are less indented, which no reader of JSON minds."""

_HEX: Final = "[0-9A-Fa-f]"
_LOW_HALF: Final = f'"\\\\u" [Dd] [C-Fc-f] {_HEX} {_HEX}'
_UNICODE: Final = (
    f'"u" ([0-9A-Ca-cE-Fe-f] {_HEX} {_HEX} {_HEX} | [Dd] [0-7] {_HEX} {_HEX}'
    f" | [Dd] [89ABab] {_HEX} {_HEX} {_LOW_HALF})"
)
_ESCAPE: Final = f'"\\\\" (["\\\\/bfnrt] | {_UNICODE})'


class JsonTokens:
    """The rules that all JSON has in common, each written once it is needed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._any = ""

    @property
    def space(self) -> str:
        """Between tokens: nothing, a blank, or a new line and what it is indented by."""
        return self._rules.add(f'{NOTHING} | " " | "\\n" [ \\t]{{0,{MOST_INDENTATION}}}')

    @property
    def colon(self) -> str:
        """Between a name and its value."""
        return self._rules.add('" "? ":" " "?')

    @property
    def character(self) -> str:
        """A character of a string, a pair of escaped halves being one."""
        escape = self._rules.add(_ESCAPE)
        return self._rules.add(f"{UNESCAPED.rule()} | {escape}")

    @property
    def string(self) -> str:
        """Any string."""
        return self._rules.add(f'"\\"" {self.character}* "\\""')

    def string_of(self, least: int, most: int | None) -> str:
        """A string of so many characters."""
        if (least, most) == (0, None):
            return self.string
        return self._rules.add(f'"\\"" {self._rules.counted(self.character, least, most)} "\\""')

    @property
    def integer(self) -> str:
        """A whole number, however large."""
        return self._rules.add('"-"? ("0" | [1-9] [0-9]*)')

    @property
    def number(self) -> str:
        """Any number that is finite as a double."""
        return self._rules.add(f'{self.integer} ("." [0-9]+)? ([eE] [+-]? [0-2]? [0-9] [0-9]?)?')

    @property
    def boolean(self) -> str:
        """True or false."""
        return self._rules.add('"true" | "false"')

    @property
    def null(self) -> str:
        """Null."""
        return self._rules.add('"null"')

    @property
    def any(self) -> str:
        """Any value."""
        if not self._any:
            self._any = self._rules.reserve()
            scalars = (self.string, self.number, self.boolean, self.null)
            alternatives = (self.object_of(self.member(self.string, self._any)), self.array_of(self._any))
            self._rules.define(self._any, " | ".join((*alternatives, *scalars)))
        return self._any

    def constant(self, value: Any) -> str:
        """Exactly this value, written without white space but for a blank that may follow `,` and `:`."""
        match value:
            case {}:
                members = (
                    f"{self._text(name)} {self.colon} {self.constant(item)}" for name, item in value.items()
                )
                return self._enclosed("{", f' "," {self.space} '.join(members), "}")
            case [*items]:
                return self._enclosed("[", f' "," {self.space} '.join(map(self.constant, items)), "]")
            case _:
                return self._text(value)

    def _text(self, value: Any) -> str:
        """A name or a scalar, in JSON."""
        return literal(json.dumps(value, ensure_ascii=False))

    def _enclosed(self, opening: str, inside: str, closing: str) -> str:
        if not inside:
            return f'"{opening}" {self.space} "{closing}"'
        return f'"{opening}" {self.space} {inside} {self.space} "{closing}"'

    def member(self, name: str, value: str) -> str:
        """A name and its value."""
        return self._rules.add(f"{name} {self.colon} {value}")

    def object_of(self, member: str) -> str:
        """An object of any number of such members."""
        return self._rules.add(self._enclosed_list("{", member, "}"))

    def array_of(self, item: str) -> str:
        """An array of any number of such items."""
        return self._rules.add(self._enclosed_list("[", item, "]"))

    def _enclosed_list(self, opening: str, item: str, closing: str) -> str:
        several = f'{item} {group(f""" "," {self.space} {item} """.strip())}*'
        return f'"{opening}" ({self.space} {several})? {self.space} "{closing}"'
