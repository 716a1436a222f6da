"""Which parts of rules become one lexeme: those that a greedy lexer reads exactly, and no others."""

from __future__ import annotations

import json

import pytest
from llguidance import LLMatcher

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.lark.lexemes import as_lexemes
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.rules_tree import (
    CharacterClass,
    Choice,
    Concatenation,
    Lexeme,
    Repeat,
    Text,
)
from ovpipe.engines.grammars.lark.succession import Succession
from ovpipe.engines.grammars.lark.tags import tag_rules
from ovpipe.engines.grammars.lark.writer import as_lark
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.engines.protocol import Grammar
from ovpipe.tokenizers.vocabulary import Vocabulary

OBJECT = Grammar("json_schema", '{"type": "object"}')
TREE = Grammar(
    "json_schema",
    '{"type": "object", "properties": {"name": {"type": "string"}, "inside": {"type": "array",'
    ' "items": {"$ref": "#"}}}, "required": ["name", "inside"], "additionalProperties": false}',
)
OPTIONAL = Grammar(
    "json_schema",
    json.dumps({"type": "object", "properties": {f"p{at}": {"type": "string"} for at in range(200)}}),
)
TAG = Grammar(
    "structural_tag",
    json.dumps(
        {
            "format": {
                "type": "triggered_tags",
                "triggers": ["<f="],
                "tags": [
                    {
                        "begin": "<f=a>",
                        "content": {"type": "json_schema", "json_schema": {"type": "object"}},
                        "end": "</f>",
                    }
                ],
            }
        }
    ),
)


def lexemes(rules: str) -> list[Lexeme]:
    return Succession(as_lexemes(read_rules(rules), "root"), "root").lexemes


def texts(rules: str) -> set[str]:
    """The lexemes that are texts."""
    return {one.part.text for one in lexemes(rules) if isinstance(one.part, Text)}


def test_rules_without_recursion_are_one_lexeme() -> None:
    (one,) = lexemes('root ::= [a-z]* "abc" other\nother ::= "x" | "xy"')
    assert not one.nonempty


def test_the_empty_text_is_in_no_lexeme() -> None:
    (times,) = lexemes('root ::= ("a")*')
    assert times.part == Repeat(Text("a"), 1, None)
    (both,) = lexemes('root ::= "a"? "b"?')
    assert both.nonempty


def test_texts_stay_whole_where_what_follows_cannot_be_taken_for_more_of_them() -> None:
    assert texts('root ::= "begin " root " end" | "nothing"') == {"begin ", " end", "nothing"}


@pytest.mark.parametrize(
    ("rules", "cut"),
    [
        ('root ::= "a" root | "ab" root | "b"', {"a", "b"}),
        ('root ::= "aa" root | "a" root | "c"', {"a", "c"}),
        ('root ::= other root | "bc"\nother ::= "a" | "ab"', {"a", "b", "bc"}),
    ],
    ids=["one begins another", "its end begins another", "a choice inside of one"],
)
def test_texts_are_cut_where_a_lexer_could_take_too_much(rules: str, cut: set[str]) -> None:
    assert texts(rules) == cut


def test_a_number_ends_where_no_digit_follows_and_is_cut_where_one_may() -> None:
    ending, going_on = lexemes('root ::= [0-9]+ "," root | "."'), lexemes("root ::= [0-9]+ [0-5] root | [.]")
    assert any(isinstance(one.part, Concatenation) for one in ending)
    assert all(isinstance(one.part, CharacterClass) for one in going_on)


def deep(rules: int) -> str:
    chain = "\n".join(f'r{at} ::= "a" r{at + 1}?' for at in range(rules))
    return f'root ::= r0\n{chain}\nr{rules} ::= "b"'


def test_lexemes_are_not_nested_deeper_than_the_library_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(lexemes(deep(200))) == 1
    monkeypatch.setattr("ovpipe.engines.grammars.lark.lexemes.MOST_DEEP", 20)
    assert len(lexemes(deep(30))) > 1


def test_a_large_choice_that_is_all_of_the_text_is_one_lexeme() -> None:
    (one,) = lexemes("root ::= " + " | ".join(f'"word {number}"' for number in range(2000)))
    assert isinstance(one.part, Choice)


def test_what_takes_too_long_to_find_out_is_followed_by_characters() -> None:
    words = " | ".join(f'"{word:b}"' for word in range(2000))
    assert {one for one in lexemes(f'root ::= ({words}) "," root | "x"') if len(str(one)) > 200} == set()


@pytest.mark.parametrize(
    "grammar",
    [OBJECT, TREE, TAG, OPTIONAL],
    ids=["any object", "a tree", "a structural tag", "many optional members"],
)
def test_masks_of_many_words_are_made_within_the_library_s_own_limit_of_work(grammar: Grammar) -> None:
    words = [f"word {number}".encode() for number in range(20_000)]
    vocabulary = [*(bytes((code,)) for code in range(256)), *words, b"<eos>"]
    eos = len(vocabulary) - 1
    tokens = token_table(
        Vocabulary(vocabulary, frozenset({eos}), plain_bytes=True), size=len(vocabulary), eos_token_ids={eos}
    ).tokens
    read = tag_rules if grammar.kind == "structural_tag" else read_rules
    lark = as_lark(read(as_rules(grammar).text))
    matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(lark), log_level=0)
    begin = {OBJECT: '{"a": "', OPTIONAL: '{"p7": "', TREE: '{"name": "', TAG: 'some text <f=a>{"a": "'}[
        grammar
    ]
    assert matcher.consume_tokens(list(begin.encode()))
    matcher.compute_bitmask()
    assert not matcher.is_error(), matcher.get_error()
    assert matcher.consume_token(300)
