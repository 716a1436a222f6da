"""Rules that clients write, once it is clear that an answer can follow them."""

from __future__ import annotations

from ovpipe.engines.grammars.ebnf.client_rules import client_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.produced import produces_text
from ovpipe.engines.grammars.lark.rules_reader import read_rules

ROOT = "root"


def followed_rules(text: str) -> str:
    """The rules as the library reads them; raises GrammarProblem where no text matches.

    The library takes such rules, and the answer follows nothing. What ovpipe cannot read is left to it.
    """
    try:
        rules = read_rules(text)
    except GrammarProblem:
        rules = {}
    if not produces_text(rules, ROOT):
        raise GrammarProblem(
            "cannot be followed: no text matches 'root', which leads to itself without an end"
        )
    return client_rules(text)
