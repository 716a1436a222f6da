"""A grammar, compiled for a model's tokens."""

from __future__ import annotations

from llguidance import LLMatcher, LLParserLimits, LLTokenizer

from ovpipe.engines.grammars.ebnf.given import as_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.lark.rules_reader import read_rules
from ovpipe.engines.grammars.lark.writer import as_lark
from ovpipe.engines.grammars.verdicts import GrammarRefused
from ovpipe.engines.protocol import Grammar


def compiled(grammar: Grammar, tokens: LLTokenizer) -> LLMatcher:
    """A matcher at the beginning of a text; raises GrammarRefused for what is no grammar."""
    if grammar.kind == "structural_tag":
        raise GrammarRefused("this engine has no structural tags")
    try:
        lark = as_lark(read_rules(as_rules(grammar).text))
    except GrammarProblem as problem:
        raise GrammarRefused(str(problem)) from problem
    # Of the work that a grammar may make, in llguidance's units: where it makes more, its matcher fails.
    limits = LLParserLimits(step_lexer_fuel=1_000_000, verbose_errors=False)
    matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)
    if matcher.is_error():
        raise GrammarRefused(fact_of(matcher))
    return matcher


def fact_of(matcher: LLMatcher) -> str:
    """What is wrong with a matcher, in one line."""
    lines = matcher.get_error().strip().splitlines()
    return lines[0] if lines else "it failed without a reason"
