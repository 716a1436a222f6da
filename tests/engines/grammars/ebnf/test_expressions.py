"""Regular expressions, as patterns of JSON Schemas and on their own: the same ones, and each with its own texts."""

from __future__ import annotations

import json
import re

import pytest

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

TAKEN: dict[str, tuple[list[str], list[str]]] = {
    "red|green": (["red", "green"], ["redgreen", "redreen", "gree"]),
    "^red$|^green$": (["red", "green"], ["re"]),
    "a(b|c)?d|": (["abd", "ad", ""], ["abcd"]),
    "(?:ab){2}|c+": (["abab", "cc"], ["ab", ""]),
    r"[\d.]+": (["1.2"], ["1,2"]),
    r"[a-z.]+": (["a.b"], ["A"]),
    r"[\w.\/-]+": (["a_1./-"], ["a b"]),
    r"[\w-.]+": (["a-."], ["+"]),
    r"[^\s]+": (["a-b"], ["a b"]),
    r"\S+": (["a-b", "äß"], ["a b"]),
    r"[^/]+/\D": (["a/b"], ["a/1"]),
    r"a.c": (["abc", "aßc"], ["a\nc", "ac"]),
    r"\W": (["-"], ["a"]),
    r"[a\]\\^-]+": (["a]^-", "\\"], ["b"]),
    r"\"\\\/": (['"\\/'], ["/"]),
    r"\n\t\x41\u00e9\u{1F600}\ud83d\ude00": (["\n\tAé😀😀"], ["A"]),
    r"a*?b+?c??": (["aabb", "bc"], ["aa"]),
    "a{2}b{1,3}c{2,}": (["aabbcc"], ["abcc", "aabbbbcc"]),
    "a{20}b{0,18}c{17,}": (
        ["a" * 20 + "b" * 18 + "c" * 17],
        ["a" * 19 + "c" * 17, "a" * 20 + "b" * 19 + "c" * 17],
    ),
    '{"a": {x}}': (['{"a": {x}}'], ["a"]),
    "(?<year>[0-9]{4})-(?P<m>[0-9]{2})": (["2024-12"], ["2024"]),
    "größe[äöü]+e": (["größeäe"], ["grösse"]),
    "[ -~]+": (['a"\\b'], ["ä"]),
    "": ([""], ["a"]),
}
REFUSED = {
    "*a": "nothing to repeat at position 0",
    "a|*b": "nothing to repeat at position 2",
    "(+)": "nothing to repeat at position 1",
    "{2}": "nothing to repeat at position 0",
    "^*": "nothing to repeat at position 1",
    "a**": "two repetitions in a row at position 2",
    "a{2}{3}": "two repetitions in a row at position 4",
    "a{3,2}": "end is before its start",
    "a{0,100000}": "more than 65535 times",
    "a{99999999999999999999}": "more than 65535 times",
    "[a-": "nothing closes",
    "[z-a]": "range out of order",
    "[]": "empty class",
    "[[:alpha:]]": "POSIX class",
    "(a": "nothing closes",
    "a)": "nothing opened",
    "a\\": "lone backslash",
    "(?=a)b": "looks around",
    "(?<!a)b": "looks around",
    "(?i)a": "sets flags",
    r"\bword": "word boundaries",
    r"(a)\1": "back references",
    r"\p{L}": "Unicode properties",
    r"\q": "unknown escape",
    r"\ud800": "no character",
    "a^b": "a ^ at position 1",
    "a$b": "a $ at position 1",
    "(a$)+": "a $ at position 2",
    "(" * 65 + ")" * 65: "nested deeper than 64",
}


def pattern_of(expression: str) -> Grammar:
    return Grammar("json_schema", json.dumps({"type": "string", "pattern": expression}))


def written(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for right, wrong in TAKEN.values() for text in (*right, *wrong)]
    return Follower([*texts, *map(written, texts), *ESCAPING], tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("expression", TAKEN)
def test_an_expression_takes_what_it_matches(follower: Follower, expression: str) -> None:
    right, wrong = TAKEN[expression]
    for text in right:
        assert follower.takes(Grammar("regex", expression), text), text
        assert follower.takes(pattern_of(expression), written(text)), text
    for text in wrong:
        assert not follower.takes(Grammar("regex", expression), text), text
        assert not follower.takes(pattern_of(expression), written(text)), text


ESCAPING = ('"a"b"', '"a\\nb"', '"a\\"b"', '"a\\"', '"a\nb"', '"a\tb"')


@pytest.mark.parametrize("expression", ["a.b", r"a\Sb", "a[^/]b", r"a\Wb", r"a\Db", r"a\sb", r"a.", r"a[^x]"])
def test_what_merely_comes_along_is_never_what_json_escapes(follower: Follower, expression: str) -> None:
    for text in ESCAPING:
        assert not follower.takes(pattern_of(expression), text), text


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_none_is_refused_in_schemas_and_on_its_own(expression: str) -> None:
    for grammar in (Grammar("regex", expression), pattern_of(expression)):
        with pytest.raises(GrammarProblem, match=re.escape(REFUSED[expression])):
            as_rules(grammar)


def test_a_pattern_keeps_to_itself_in_names_and_beside_others(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    schema = {
        "type": "object",
        "properties": {"c": {"type": "string", "pattern": "red|green"}, "d": {"type": "integer"}},
        "required": ["c", "d"],
        "patternProperties": {"^x|y$": {"type": "null"}},
    }
    right = '{"c": "red", "d": 1, "x": null, "y": null}'
    wrong = ('{"c": "red  }', '{"c": "red", "d": 1, "x}', '{"c": green", "d": 1}')
    follower = Follower([right, *wrong], tmp_path_factory.mktemp("names"))
    grammar = Grammar("json_schema", json.dumps(schema))
    assert follower.takes(grammar, right)
    assert not any(follower.takes(grammar, text) for text in wrong)


def test_no_rule_has_a_negated_class_which_takes_bytes_that_are_no_characters() -> None:
    grammars = (
        Grammar("json_schema", "{}"),
        Grammar("regex", r"[^a]\S.\W"),
        Grammar("ebnf", "root ::= [^ab]+"),
        pattern_of("[^/]"),
    )
    for grammar in grammars:
        assert "[^" not in as_rules(grammar).text
