"""What llguidance makes of rules is what the rules mean: the same texts, to the character."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher

from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.rules_tree import (
    Body,
    CharacterClass,
    Choice,
    Concatenation,
    FreeText,
    Lexeme,
    Repeat,
    Rule,
    Text,
)
from ovpipe.engines.grammars.lark.writer import as_lark
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.tokenizers.vocabulary import Vocabulary

BYTES = [bytes((code,)) for code in range(256)]
EOS = 256
TOKENS = token_table(
    Vocabulary([*BYTES, b"<eos>"], frozenset({EOS}), plain_bytes=True), size=257, eos_token_ids={EOS}
)


def takes(rules: Mapping[str, Body], text: str) -> bool:
    """Whether llguidance lets this text be, byte by byte, and end."""
    return lets(matcher_of(rules), text)


def matcher_of(rules: Mapping[str, Body]) -> LLMatcher:
    matcher = LLMatcher(TOKENS.tokens, LLMatcher.grammar_from_lark(as_lark(rules)), log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    return matcher


def lets(fresh: LLMatcher, text: str) -> bool:
    matcher = fresh.deep_copy()
    data = list(text.encode())
    return matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting()


@pytest.mark.parametrize(
    ("rules", "text", "expected"),
    [
        ('root ::= ""', "", True),
        ('root ::= ""', "a", False),
        ('root ::= "a"{2,3}', "aa", True),
        ('root ::= "a"{2,3}', "aaaa", False),
        ('root ::= "a"{2,}', "aaaa", True),
        ('root ::= "ab"?', "", True),
        ('root ::= ("ä" | "äö") "öü"', "äöü", True),
        ('root ::= ("ä" | "äö") "öü"', "äööü", True),
        ('root ::= [^"\\\\/]+', "ß]", True),
        ('root ::= [^"\\\\/]+', 'ß"', False),
        ('root ::= "\\"/\\n\\t\\\\😀"', '"/\n\t\\😀', True),
        ('root ::= "(" root ")" | "x"', "((x))", True),
        ('root ::= "(" root ")" | "x"', "((x)", False),
        ('root ::= [a-z]* "abc" end\nend ::= "" | "(" end ")"', "abcabc(())", True),
        ('root ::= root "a" | "b"', "baa", True),
        ("root ::= other # a comment\nother ::=\n  [^a]\n  .", "bß", True),
        ('root ::= "\\x41\\u00e4\\U0001f600"', "Aä😀", True),
    ],
)
def test_a_text_and_its_rules(rules: str, text: str, expected: bool) -> None:
    assert takes(read_rules(rules), text) is expected


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('start ::= "a"', "no rule named 'root'"),
        ("root ::= other", "no rule named 'other'"),
        ('root ::= "a"\nroot ::= "b"', "defines the rule 'root' twice"),
        ('root ::= ("a"', "a group without an end"),
        ('root ::= "a")', "where a rule"),
        ("root ::= *", "where a text"),
        ('"a"', "where a rule"),
        ("root ::= 'a'", "nothing in EBNF"),
        ('root ::= "a"{3,2}', "out of order"),
        ('root ::= "a"{70000}', "more than 65535 times"),
        ("root ::= []", "without characters"),
    ],
)
def test_what_are_no_rules(rules: str, said: str) -> None:
    with pytest.raises(GrammarProblem, match=said):
        as_lark(read_rules(rules))


def derivable(rules: Mapping[str, Body], longest: int) -> set[str]:
    """All texts of `root` up to this length, by growing sets until they grow no more."""
    known: dict[str, set[str]] = {name: set() for name in rules}

    def of(body: Body) -> set[str]:
        match body:
            case Text():
                return {body.text} if len(body.text) <= longest else set()
            case CharacterClass():
                return {
                    chr(code) for first, last in body.characters.ranges for code in range(first, last + 1)
                }
            case Rule():
                return known[body.name]
            case Concatenation():
                return joined(of(part) for part in body.parts)
            case Choice():
                return set().union(*map(of, body.choices))
            case Repeat():
                one, most = of(body.part), longest if body.most is None else body.most
                found = [joined(itertools.repeat(one, times)) for times in range(body.least, most + 1)]
                return set().union(*found) if found else joined(itertools.repeat(one, body.least))

            case FreeText() | Lexeme():
                raise AssertionError("these rules have none")

    def joined(sets: object) -> set[str]:
        texts = {""}
        for each in sets:  # type: ignore[attr-defined]  # any iterable of sets
            texts = {left + right for left in texts for right in each if len(left + right) <= longest}
        return texts

    while True:
        grown = {name: of(body) | known[name] for name, body in rules.items()}
        if grown == known:
            return known["root"]
        known = grown


MARKS = [("<b", ""), ("b>",), ("aa", "ab"), (), (">", "b>"), ("a",)]


@pytest.mark.parametrize("without", MARKS)
@pytest.mark.parametrize("end", ["", "<b>", "aba", ">", "aab"])
def test_free_text_ends_with_the_first_end_and_has_none_of_what_it_is_without(
    without: tuple[str, ...], end: str
) -> None:
    free = FreeText(without, end)
    flat: dict[str, Body] = {"root": free}
    # A rule that leads to itself, so that nothing is one lexeme.
    stepwise: dict[str, Body] = {
        "root": Choice((free, Concatenation((Text("!"), Rule("root"))))),
    }
    draws = random.Random(f"{without}{end}")
    texts = {"".join(draws.choices("ab<>", k=draws.randrange(7))) + end for _ in range(12)}
    for text in sorted(texts):
        expected = follows(text, without, end)
        assert takes(flat, text) is expected, text
        assert takes(stepwise, text) is expected, text
        assert takes(stepwise, "!" + text) is expected, text


def follows(text: str, without: tuple[str, ...], end: str) -> bool:
    """What free text is, by looking at each place."""
    for at in range(1, len(text) + 1):
        if end and text[:at].endswith(end):
            return at == len(text)
        if any(mark and text[:at].endswith(mark) for mark in without):
            return False
    return not end


LEAVES = st.sampled_from(
    [
        *('"a"', '"ab"', '"b"', '"ba"', '"aba"', "[ab]", '""', '"ä"', '"äb"', "[aä]"),
        "root",
        "more",
        "more",
        "flat",
    ]
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: f"({' | '.join(found)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}"])).map(lambda f: f"({f[0]}){f[1]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(root=BODIES, more=BODIES, seed=st.integers(0, 2**16))
def test_random_rules_take_the_texts_that_follow_from_them(root: str, more: str, seed: int) -> None:
    # It leads to itself whatever is drawn, so it is made of lexemes that could take too much.
    rules = read_rules(
        f'root ::= {root} | {more} flat root | "b"\nmore ::= {more}\nflat ::= "a"* [bä]? | "aba"'
    )
    expected = derivable(rules, 5)
    draws = random.Random(seed)
    texts = {"".join(draws.choices("abä", k=draws.randrange(6))) for _ in range(20)}
    matcher = matcher_of(rules)
    for text in sorted(texts | set(sorted(expected)[:20])):
        assert lets(matcher, text) is (text in expected), text
