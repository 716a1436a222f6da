"""A grammar, compiled for a model's tokens."""

from __future__ import annotations

from typing import NamedTuple

from llguidance import LLMatcher, LLParserLimits

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.tags import tag_rules
from ovpipe.engines.grammars.lark.writer import as_lark
from ovpipe.engines.grammars.masks.token_table import TokenTable
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import Grammar


class CompiledGrammar(NamedTuple):
    """A matcher at the beginning of a text, and the special tokens that are in none of its texts."""

    matcher: LLMatcher
    forbidden: tuple[int, ...]


def compiled(grammar: Grammar, table: TokenTable) -> CompiledGrammar:
    """Compiles a grammar for a model's tokens; raises GrammarRefused for what is no grammar.

    Special tokens are skipped in answers, so a text without them would not be what its grammar says. Only a
    structural tag can have some: those whose names it has, such as <tool_call>.
    """
    try:
        rules = as_rules(grammar)
        read = tag_rules if rules.kind == "structural_tag" else read_rules
        lark = as_lark(read(rules.text))
    except GrammarProblem as problem:
        raise GrammarRefused(str(problem)) from problem
    except RecursionError:
        raise GrammarRefused("the grammar is nested too deeply") from None
    # Of the work that a grammar may make, in llguidance's units: where it makes more, its matcher fails.
    limits = LLParserLimits(step_lexer_fuel=1_000_000, step_max_items=200_000, verbose_errors=False)
    matcher = LLMatcher(table.tokens, LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)
    if matcher.is_error():
        raise GrammarRefused(fact_of(matcher))
    named = grammar.text if grammar.kind == "structural_tag" else ""
    forbidden = tuple(index for name, index in table.special.items() if name not in named)
    return CompiledGrammar(matcher, forbidden)


def fact_of(matcher: LLMatcher) -> str:
    """What is wrong with a matcher, in one line."""
    lines = matcher.get_error().strip().splitlines()
    return lines[0] if lines else "it failed without a reason"
