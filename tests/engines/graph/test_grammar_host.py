"""What the core `graph` says of grammars, in the process where it tries them out."""

from __future__ import annotations

import json
from functools import cache

import pytest

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.graph.grammar_host import load_masked_text_core
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta, GenerateRequest, Grammar, RequestRefused, SamplingParams
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.engines.cores import MODEL, ignore


@cache
def core() -> EngineCore:
    # A bound of memory that this process, the tests' own, does not meet.
    options = {"models_path": str(MODEL), "folder": "unused", "memory_mebibytes": 2**20, "kept_mebibytes": 64}
    return load_masked_text_core(options, ignore)


def tried(grammar: Grammar, max_tokens: int = 16) -> Delta | Refused:
    core().add(GenerateRequest(1, [0], SamplingParams(max_tokens=max_tokens, seed=0, grammar=grammar)))
    (outcome,) = core().step()
    return outcome


def test_a_text_is_written_that_follows_the_grammar_and_ends_where_it_must() -> None:
    outcome = tried(Grammar("regex", "(ab|cd){2}"), max_tokens=20)
    assert isinstance(outcome, Delta)
    assert outcome.finish == "stop"
    text = Tokenizer.load(MODEL).decode([token.id for token in outcome.tokens])
    assert text in {"abab", "abcd", "cdab", "cdcd"}


def test_no_more_tokens_are_written_than_are_asked_for() -> None:
    outcome = tried(Grammar("regex", "a{500}"), max_tokens=3)
    assert isinstance(outcome, Delta)
    assert (len(outcome.tokens), outcome.finish) == (3, "length")


@pytest.mark.parametrize(
    ("grammar", "fact"),
    [
        (Grammar("regex", "[a-"), "the expression has a class ([) at position 0 that nothing closes"),
        (Grammar("json_schema", '{"type": "nope"}'), "the schema has a type that JSON does not know"),
        (Grammar("json_schema", "false"), "the schema allows no value at all"),
        (Grammar("ebnf", "root ::= foo"), "has no rule named 'foo'"),
        (Grammar("ebnf", "root ::= root"), "the grammar cannot be followed"),
        (Grammar("ebnf", f'root ::= {"(" * 30_000}"a"{")" * 30_000}'), "nested too deeply"),
        (Grammar("structural_tag", "{}"), "has no 'format'"),
        (
            Grammar("structural_tag", json.dumps({"format": {"type": "nope"}})),
            "has a format 'nope' with a wrong part, or one that there is not",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Grammar) else "",
)
def test_a_bad_grammar_is_refused_by_what_is_wrong_with_it_and_the_next_one_is_not(
    grammar: Grammar, fact: str
) -> None:
    outcome = tried(grammar)
    assert isinstance(outcome, Refused)
    assert fact in outcome.message
    assert isinstance(tried(Grammar("regex", "[0-9]+")), Delta)


def test_a_grammar_that_makes_too_much_work_is_refused() -> None:
    doubled = "\n".join(f"r{at} ::= r{at + 1} r{at + 1}" for at in range(30))
    outcome = tried(Grammar("ebnf", f'root ::= r0\n{doubled}\nr30 ::= "a"'))
    assert isinstance(outcome, Refused)
    assert "too big" in outcome.message


def test_a_request_without_a_grammar_and_a_cancelled_one_are_none() -> None:
    with pytest.raises(RequestRefused, match="no grammar"):
        core().add(GenerateRequest(2, [0], SamplingParams(max_tokens=1)))
    core().add(GenerateRequest(3, [0], SamplingParams(max_tokens=1, grammar=Grammar("regex", "a"))))
    core().cancel(3)
    assert core().step() == []
