"""Rules of EBNF in the form of GBNF, from text to trees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ovpipe.engines.grammars.ebnf.characters import ALL
from ovpipe.engines.grammars.ebnf.client_rules import characters_of, codes_of
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.scalars import MOST_COUNT
from ovpipe.engines.grammars.lark.rules_tree import (
    EMPTY,
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    Repeat,
    Rule,
    Text,
)

_TOKEN: Final = re.compile(
    r"(?P<blank>\s+|\#[^\n]*)"
    r"|(?P<defined>[A-Za-z_][\w.-]*)\s*::="
    r"|(?P<name>[A-Za-z_][\w.-]*)"
    r'|"(?P<literal>(?:\\.|[^"\\\n])*)"'
    r"|\[(?P<members>(?:\\.|[^\]\\\n])*)\]"
    r"|\{\s*(?P<least>[0-9]+)\s*(?P<range>,\s*(?P<most>[0-9]*)\s*)?\}"
    r"|(?P<sign>[()|*+?.])",
    re.ASCII | re.DOTALL,
)
_TIMES: Final[Mapping[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def read_rules(text: str) -> dict[str, Body]:
    """The rules by name; raises GrammarProblem for what are none."""
    return _RulesReader(text).rules()


class _RulesReader:
    """Reads tokens one by one. Each of its methods begins at a token and ends behind what it read."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def rules(self) -> dict[str, Body]:
        rules: dict[str, Body] = {}
        while (token := self._next()) is not None:
            name = token["defined"]
            if name is None:
                raise GrammarProblem(f"has {token[0]!r} where a rule, as in root ::= ..., must begin")
            if name in rules:
                raise GrammarProblem(f"defines the rule {name!r} twice")
            self._at += 1
            rules[name] = self._alternatives()
        return rules

    def _next(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _alternatives(self) -> Body:
        choices = [self._several()]
        while (token := self._next()) is not None and token["sign"] == "|":
            self._at += 1
            choices.append(self._several())
        return choices[0] if len(choices) == 1 else Choice(tuple(choices))

    def _several(self) -> Body:
        parts: list[Body] = []
        while (token := self._next()) is not None:
            if token["defined"] or token["sign"] in ("|", ")"):
                break
            parts.append(self._repeated())
        solid = [part for part in parts if part != EMPTY]
        return solid[0] if len(solid) == 1 else Concatenation(tuple(solid))

    def _repeated(self) -> Body:
        body = self._element()
        while (token := self._next()) is not None:
            if token["least"] is not None:
                least, most = int(token["least"]), _most(token)
            elif token["sign"] in _TIMES:
                least, most = _TIMES[token["sign"]]
            else:
                break
            if max(least, most or 0) > MOST_COUNT:
                raise GrammarProblem(f"has a repetition of more than {MOST_COUNT} times")
            if most is not None and least > most:
                raise GrammarProblem(f"has a repetition out of order: {token[0]}")
            self._at += 1
            body = EMPTY if most == 0 or body == EMPTY else Repeat(body, least, most)
        return body

    def _element(self) -> Body:
        token = self._tokens[self._at]
        self._at += 1
        if token["name"]:
            return Rule(token["name"])
        if token["literal"] is not None:
            codes = codes_of(token["literal"])
            return Text("".join(map(chr, codes))) if codes else EMPTY
        if token["members"] is not None:
            return _one_of(token["members"])
        if token["sign"] == ".":
            return CharacterClass(ALL)
        if token["sign"] != "(":
            raise GrammarProblem(f"has {token[0]!r} where a text, a class, a group or a name must stand")
        body = self._alternatives()
        end = self._next()
        if end is None or end["sign"] != ")":
            raise GrammarProblem("has a group without an end")
        self._at += 1
        return body


def _tokens(text: str) -> list[re.Match[str]]:
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise GrammarProblem(f"has {text[at : at + 20]!r}, which is nothing in EBNF")
        at = found.end()
        if found["blank"] is None:
            tokens.append(found)
    return tokens


def _most(token: re.Match[str]) -> int | None:
    if token["range"] is None:
        return int(token["least"])
    return int(token["most"]) if token["most"] else None


def _one_of(members: str) -> Body:
    characters = characters_of(members.removeprefix("^"))
    if members.startswith("^"):
        characters = characters.others()
    if not characters:
        raise GrammarProblem("has a class without characters")
    return CharacterClass(characters)
