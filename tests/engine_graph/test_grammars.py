"""The core `graph` with tiny-chat: its texts follow their grammars, alone and in any batch."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from msgspec import structs

from ovpipe.cli.embedded import embedded_parameters
from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta, GenerateRequest, Grammar, SamplingParams
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.engines.cores import a_prompt, ignore, run

TINY_CHAT = Path(embedded_parameters()["models_path"])
PATTERNS = ("[0-9]{3}-(ab|cd)", "(one|two|three){4,9}", "[A-Z][a-z ]{30}[.!]", "äöü[^a-z]{3}")


@pytest.fixture(scope="module")
def core() -> GraphCore:
    return loaded()


def loaded(num_kv_blocks: int = 64) -> GraphCore:
    options = {"models_path": str(TINY_CHAT), "exact": True, "num_kv_blocks": num_kv_blocks}
    return load_graph_core(options, ignore)


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.load(TINY_CHAT)


def following(id: int, grammar: Grammar, max_tokens: int = 60, temperature: float = 0.8) -> GenerateRequest:
    params = SamplingParams(max_tokens=max_tokens, temperature=temperature, seed=id, grammar=grammar)
    return GenerateRequest(id, a_prompt(60, seed=id), params)


def crowd() -> list[GenerateRequest]:
    asked = [following(100 + at, Grammar("regex", pattern)) for at, pattern in enumerate(PATTERNS * 2)]
    free = SamplingParams(max_tokens=40, temperature=1.0, seed=7, ignore_eos=True)
    return [*asked, GenerateRequest(200, a_prompt(60), free)]


@pytest.mark.slow
def test_texts_are_the_same_alone_in_a_crowd_and_after_preemptions(core: GraphCore) -> None:
    alone = {asked.id: run(core, asked)[asked.id] for asked in crowd()}
    for at, pattern in enumerate(PATTERNS * 2):
        *text, end = alone[100 + at]
        assert end in core.info.eos_token_ids
        assert re.fullmatch(pattern, tokenizer().decode(text))
    assert run(core, *crowd()) == alone
    small = loaded(num_kv_blocks=6)
    assert run(small, *crowd()) == alone
    assert small.stats().preemptions > 0


@pytest.mark.slow
def test_with_drafts_texts_follow_their_grammars_and_are_the_same(core: GraphCore) -> None:
    plain = crowd()
    asked = [
        structs.replace(one, sampling=structs.replace(one.sampling, num_assistant_tokens=4)) for one in plain
    ]
    texts, before = run(core, *plain), core.stats()
    assert run(core, *asked) == texts
    after = core.stats()
    assert after.accepted_tokens > before.accepted_tokens
    assert after.drafted_tokens - before.drafted_tokens > after.accepted_tokens - before.accepted_tokens
    small = loaded(num_kv_blocks=6)
    assert run(small, *asked) == texts
    assert small.stats().preemptions > 0


def test_a_grammar_that_is_none_refuses_its_request_alone(core: GraphCore) -> None:
    core.add(following(1, Grammar("regex", "(")))
    core.add(following(2, Grammar("regex", "ab")))
    outcomes = [outcome for _ in range(20) for outcome in core.step()]
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert (refused.request, "nothing closes" in refused.message) == (1, True)
    text = [token.id for one in outcomes if isinstance(one, Delta) for token in one.tokens]
    assert tokenizer().decode(text) == "ab"
    assert core.stats().num_requests == 0
    assert core.stats().kv_cache_usage == 0
