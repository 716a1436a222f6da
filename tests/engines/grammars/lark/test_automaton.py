"""What two parts of a grammar have in common that begin at the same place."""

from __future__ import annotations

import pytest

from ovpipe.engines.grammars.ebnf.characters import Characters
from ovpipe.engines.grammars.lark.automaton import Automaton, TooMuchWork, WorkLeft, meeting
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.rules_tree import FreeText


def automaton(rules: str) -> Automaton:
    read = read_rules(f"root ::= {rules}")
    return Automaton(read["root"], read)


@pytest.mark.parametrize(
    ("one", "other", "same", "after_one", "after_other"),
    [
        ('"a"', '"b"', False, "", ""),
        ('"a"', '"ab"', False, "b", ""),
        ('"ab"', '"a" [a-c]', True, "", ""),
        ('"a"*', '"aab"', False, "ab", ""),
        ('("a" | "ab")', '"abc"', False, "bc", ""),
        ("[a-m]+", "[k-z]+", True, "klmnopqrstuvwxyz", "abcdefghijklm"),
        ('"a"{3}', '"a"', True, "", "a"),
        ("more\nmore ::= [ab] [cd]", '"b"', False, "", "cd"),
    ],
)
def test_where_one_has_ended_and_the_other_goes_on(
    one: str, other: str, same: bool, after_one: str, after_other: str
) -> None:
    found = meeting(automaton(one), automaton(other), WorkLeft(1000))
    assert found == (same, Characters.named(after_one), Characters.named(after_other))


def test_free_text_goes_on_until_its_end() -> None:
    text = Automaton(FreeText(("<b",), "</t>"), {})
    found = meeting(text, automaton('"a</t>x"'), WorkLeft(1000))
    assert found.after_one == Characters.named("x")
    endless = Automaton(FreeText(("<b",), ""), {})
    assert endless.next_characters(endless.start) == Characters(()).others()
    assert "b" not in map(
        chr, range(*meeting(endless, automaton('"<" "b"'), WorkLeft(1000)).after_one.ranges[0])
    )


def test_work_is_bounded() -> None:
    with pytest.raises(TooMuchWork):
        meeting(automaton("[a-z]{1,100}"), automaton('"abcdefghijklm"'), WorkLeft(5))
    with pytest.raises(TooMuchWork):
        automaton(" | ".join(f'"word{number}"' for number in range(1000)))
