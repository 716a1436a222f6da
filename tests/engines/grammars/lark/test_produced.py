"""Which rules no text matches."""

from __future__ import annotations

import pytest

from ovpipe.engines.grammars.lark.produced import produces_text
from ovpipe.engines.grammars.lark.rules_reader import read_rules


@pytest.mark.parametrize(
    "text",
    [
        "root ::= root",
        'root ::= root "a"',
        'root ::= root | root "a"',
        "root ::= a\na ::= root",
        'root ::= "a" b+\nb ::= "(" b ")"',
        'root ::= ("x" | "y") a{2,3}\na ::= a',
    ],
)
def test_what_never_ends_has_no_text(text: str) -> None:
    assert not produces_text(read_rules(text), "root")


@pytest.mark.parametrize(
    "text",
    [
        'root ::= "a"',
        'root ::= root "a" | "b"',
        'root ::= "a" b*\nb ::= b',
        'root ::= b? "a"\nb ::= b',
        'root ::= "" | root',
        'root ::= "(" root ")" | [0-9]+',
        'root ::= "a" missing',
        'root ::= "a"\nunused ::= unused',
    ],
)
def test_what_ends_somewhere_has_one(text: str) -> None:
    assert produces_text(read_rules(text), "root")


def test_a_hundred_thousand_rules_in_a_row_are_looked_through_once() -> None:
    chain = "\n".join(f'r{n} ::= r{n + 1} "a"' for n in range(100_000))
    rules = read_rules(f"root ::= r0\n{chain}")
    assert produces_text(rules, "root")
    assert not produces_text({**rules, **read_rules("r100000 ::= root")}, "root")
