"""Texts come out to the letter, wherever a grammar states them: in keys, values, choices, rules, tags, patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.calculators.llm.grammars.requested import of_choices
from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

# The library writes U+00F6 as \xf6, and reads \xf6e as U+0F6E: every character of the block, before a digit each.
BLOCK = [f"{chr(code)}{'0aF'[code % 3]}" for code in range(0x80, 0x100)]
WORDS = ["".join(BLOCK[start : start + 8]) for start in range(0, len(BLOCK), 8)]
OTHERS = ["größe", "über", "année", "日1", "ā1", "😀a", "\u0001a", "\u007fb", "a\tb\n1", '"\\']


def tag(form: Any) -> Grammar:
    return Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": form}))


def between(begin: str, end: str) -> dict[str, Any]:
    return {"type": "tag", "begin": begin, "content": {"type": "regex", "pattern": "[0-9]"}, "end": end}


def forms(word: str) -> dict[str, tuple[Grammar, str]]:
    """A grammar for each place where a text may stand, and what it takes."""
    written = json.dumps(word, ensure_ascii=False)
    key = {"type": "object", "properties": {word: {"type": "integer"}}, "required": [word]}
    in_rules = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    pattern = word.replace("\\", "\\\\")
    return {
        "key": (Grammar("json_schema", json.dumps(key)), f"{{{written}:1}}"),
        "enum": (Grammar("json_schema", json.dumps({"enum": [word, 1]})), written),
        "const": (Grammar("json_schema", json.dumps({"const": word})), written),
        "pattern": (Grammar("json_schema", json.dumps({"type": "string", "pattern": pattern})), written),
        "choice": (of_choices([word, "no"], "p"), word),
        "rules": (Grammar("ebnf", f'root ::= "{in_rules}"'), word),
        "expression": (Grammar("regex", pattern), word),
        "const_string": (tag({"type": "const_string", "value": word}), word),
        "begin of a tag": (tag(between(word, "x")), f"{word}1x"),
        "end of a tag": (tag(between("x", word)), f"x1{word}"),
        "trigger": (
            tag({"type": "triggered_tags", "triggers": [word], "tags": [between(word, "x")]}),
            f"{word}1x",
        ),
        "behind a trigger": (
            tag({"type": "triggered_tags", "triggers": ["x"], "tags": [between(f"x{word}", word)]}),
            f"x{word}1{word}",
        ),
        "parameter": (
            tag({"type": "qwen_xml_parameter", "json_schema": key}),
            f"<parameter={word}>1</parameter>",
        ),
    }


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for word in (*WORDS, *OTHERS) for _, text in forms(word).values()]
    return Follower(texts, tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("place", forms("x"))
@pytest.mark.slow
def test_a_text_comes_out_to_the_letter(follower: Follower, place: str) -> None:
    for word in (*WORDS, *OTHERS):
        grammar, text = forms(word)[place]
        assert follower.takes(grammar, text), word


NUL = {
    "const": Grammar("json_schema", '{"const": "\\u0000"}'),
    "rules": Grammar("ebnf", 'root ::= "\\x00"'),
    "expression": Grammar("regex", r"a\x00"),
    "const_string": tag({"type": "const_string", "value": "\0"}),
}


def test_json_has_nul_escaped(follower: Follower) -> None:
    assert as_rules(NUL["const"]).kind == "ebnf"


@pytest.mark.parametrize("place", ["rules", "expression", "const_string"])
def test_nul_is_refused_where_it_would_stand_as_it_is(place: str) -> None:
    with pytest.raises(GrammarProblem, match="NUL"):
        as_rules(NUL[place])


ANY = {"type": "any_text"}
NO_WAY = {
    "end": {"type": "tag", "begin": "x", "content": ANY, "end": "öe"},
    "separator": {"type": "tags_with_separator", "tags": [between("x", "y")], "separator": "öe"},
}


@pytest.mark.parametrize("place", NO_WAY)
def test_what_has_no_way_is_refused(place: str) -> None:
    with pytest.raises(GrammarProblem, match="before a hexadecimal digit"):
        as_rules(tag(NO_WAY[place]))


CLASSES = {
    'root ::= [öe]+ "ü" [^a]': ("öeüb", "öeüa"),
    r'root ::= [\xf6e] "\xfca"': ("eüa", "\u0f6eüa"),
    'root ::= ("öe")* "öe"{2} # "öe" and [öe]': ("öeöeöe", "öe"),
    r'root ::= "\"[" [\]\\a-c^-]+ "]"': ('"[]\\b^-]', '"[d]'),
    "root ::= [^ßa]+": ("ö日b", "ö日ß"),
    r"root ::= [^\xdf-\xff]{3}": ("Ö日b", "ö日b"),
    'root ::= word " " word\nword ::= [a-zß-ÿ]+': ("über größe", "über"),
}


@pytest.fixture(scope="module")
def rules_follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    return Follower([text for texts in CLASSES.values() for text in texts], tmp_path_factory.mktemp("rules"))


@pytest.mark.parametrize("rules", CLASSES)
def test_rules_of_clients_mean_what_they_say(rules_follower: Follower, rules: str) -> None:
    right, wrong = CLASSES[rules]
    assert rules_follower.takes(Grammar("ebnf", rules), right)
    assert not rules_follower.takes(Grammar("ebnf", rules), wrong)
