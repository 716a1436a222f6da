"""What was found of grammars is remembered, within a bound."""

from __future__ import annotations

import pytest

from ovpipe.engines.grammars.verdicts import GrammarRefused, GrammarTimeout, Verdict, Verdicts, key_of
from ovpipe.engines.protocol import Grammar


def test_the_verdict_that_nobody_asked_for_the_longest_is_forgotten_first() -> None:
    verdicts = Verdicts(most=2)
    verdicts.keep(b"a", Verdict())
    verdicts.keep(b"b", Verdict("bad"))
    assert verdicts.find(b"a") == Verdict()
    verdicts.keep(b"c", Verdict())
    assert len(verdicts) == 2
    assert verdicts.find(b"b") is None
    assert verdicts.find(b"a") == Verdict()


def test_grammars_of_one_text_and_two_kinds_are_two() -> None:
    assert key_of(Grammar("regex", "a")) != key_of(Grammar("ebnf", "a"))
    assert key_of(Grammar("regex", "a")) == key_of(Grammar("regex", "a"))


def test_a_verdict_speaks() -> None:
    Verdict().speak()
    with pytest.raises(GrammarRefused, match="bad"):
        Verdict("bad").speak()
    with pytest.raises(GrammarTimeout, match="slow"):
        Verdict("slow", timed_out=True).speak()
