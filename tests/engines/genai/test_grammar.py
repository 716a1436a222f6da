"""Texts that follow a grammar, and grammars that nothing can follow."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from ovpipe.engines.cores import GENAI
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.messages import Refused
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.process.poison import PoisonedByGrammar
from ovpipe.engines.protocol import (
    EngineDied,
    GenerateRequest,
    Generation,
    Grammar,
    RequestRefused,
    SamplingParams,
)
from tests.engines.clients import restarts
from tests.engines.cores import F32, MODEL, a_prompt, greedy, loaded, run, text

PROMPT = a_prompt(5)
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer", "maximum": 99}, "b": {"enum": ["x", "yy"]}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
NO_GRAMMARS = {
    Grammar("json_schema", "{not"): "the schema is no JSON",
    Grammar("json_schema", '{"type": "nope"}'): "the schema has a type that JSON does not know",
    Grammar("json_schema", '{"properties": []}'): "the schema has a value of a wrong type",
    Grammar("json_schema", "false"): "the schema allows no value",
    Grammar("regex", "[a-"): "the expression has a class ([) at position 0 that nothing closes",
    Grammar("regex", "(?=a)b"): "the expression looks around or sets flags at position 0",
    Grammar("ebnf", 'root ::= "\\x00"'): "the grammar holds a NUL character",
    Grammar("structural_tag", "{"): "the structural tag is no JSON",
}
BAD_GRAMMARS = [
    Grammar("ebnf", "root ::= "),
    Grammar("ebnf", "root ::= foo"),
    Grammar("structural_tag", "{}"),
    Grammar("structural_tag", '{"type": "structural_tag", "format": {"type": "nonsense"}}'),
]


@pytest.fixture(scope="module")
def core() -> GenaiCore:
    return loaded(num_kv_blocks=256)


def following(kind: str, rules: str, max_tokens: int = 300, **others: object) -> SamplingParams:
    grammar = Grammar(kind, rules)  # type: ignore[arg-type]  # a literal in every test
    sampling: dict[str, object] = {"temperature": 0, **others}
    return SamplingParams(max_tokens=max_tokens, grammar=grammar, **sampling)  # type: ignore[arg-type]  # as tests name them


@pytest.mark.parametrize("temperature", [0, 1])
def test_a_json_schema_is_followed(core: GenaiCore, temperature: int) -> None:
    sampling = following("json_schema", json.dumps(SCHEMA), temperature=temperature, seed=5)
    answer = json.loads(text(core, PROMPT, sampling))
    assert answer["a"] <= 99
    assert answer["b"] in ("x", "yy")


def test_a_regex_and_an_ebnf_are_followed(core: GenaiCore) -> None:
    assert re.fullmatch(r"[0-9]{3}-[a-c]+z", text(core, PROMPT, following("regex", "[0-9]{3}-[a-c]+z")))
    assert re.fullmatch(
        r"yes|no(! )*", text(core, PROMPT, following("ebnf", 'root ::= "yes" | "no" ("! ")*'))
    )


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (
            {
                "type": "sequence",
                "elements": [
                    {"type": "const_string", "value": "Q: "},
                    {"type": "regex", "pattern": "[0-9]{2}"},
                ],
            },
            r"Q: [0-9]{2}",
        ),
        (
            {
                "type": "triggered_tags",
                "triggers": ["<f="],
                "tags": [
                    {
                        "begin": "<f=a>",
                        "content": {"type": "json_schema", "json_schema": {"enum": ["x", "y"]}},
                        "end": "</f>",
                    }
                ],
                "at_least_one": True,
                "stop_after_first": True,
            },
            r'<f=a>"[xy]"</f>',
        ),
        ({"type": "or", "elements": [{"type": "const_string", "value": "a"}]}, "a"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_structural_tag_in_xgrammars_json_is_followed(
    core: GenaiCore, format: dict[str, object], expected: str
) -> None:
    tag = json.dumps({"type": "structural_tag", "format": format})
    assert re.fullmatch(expected, text(core, PROMPT, following("structural_tag", tag)))


def test_a_grammar_is_followed_beside_other_requests_and_they_do_not_notice(core: GenaiCore) -> None:
    free = GenerateRequest(1, PROMPT, greedy(20))
    alone = run(core, free)[1]
    bound = [GenerateRequest(n, PROMPT, following("regex", f"{n}(ab){{8}}")) for n in (2, 3)]
    together = run(core, free, *bound)
    assert together[1] == alone
    assert together[2] != together[3]


def test_a_stop_token_id_ends_a_text_before_its_grammar_does(core: GenaiCore) -> None:
    whole = run(core, GenerateRequest(1, PROMPT, following("regex", "[a-z]{40}")))[1]
    assert len(whole) > 6
    cut = run(core, GenerateRequest(1, PROMPT, following("regex", "[a-z]{40}", stop_token_ids=(whole[5],))))
    assert cut[1] == whole[: whole.index(whole[5]) + 1]


@pytest.mark.parametrize("grammar", NO_GRAMMARS, ids=str)
def test_what_no_rules_can_be_written_for_is_refused_alone(core: GenaiCore, grammar: Grammar) -> None:
    core.add(GenerateRequest(1, PROMPT, SamplingParams(max_tokens=9, grammar=grammar)))
    core.add(GenerateRequest(2, PROMPT, greedy(3)))
    refusal, *_ = core.step()
    assert isinstance(refusal, Refused)
    assert NO_GRAMMARS[grammar] in refusal.message
    while core.stats().num_requests:
        core.step()


@pytest.mark.parametrize("grammar", BAD_GRAMMARS, ids=str)
def test_a_grammar_that_cannot_be_used_poisons_the_core_in_its_first_step_and_is_named(
    grammar: Grammar,
) -> None:
    core = loaded(max_num_batched_tokens=64)
    core.add(GenerateRequest(1, PROMPT, greedy(100)))
    core.add(GenerateRequest(2, PROMPT, following("regex", "[a-z]{40}")))
    core.step()
    core.add(GenerateRequest(3, a_prompt(300), SamplingParams(max_tokens=9, grammar=grammar)))
    core.add(GenerateRequest(4, PROMPT, greedy(100)))
    with pytest.raises(PoisonedByGrammar) as poisoned:
        core.step()
    assert poisoned.value.suspects == (3,)
    assert "/home/" not in str(poisoned.value)


def test_of_several_grammars_in_their_first_step_each_is_suspected() -> None:
    core = loaded()
    core.add(GenerateRequest(1, PROMPT, following("regex", "a")))
    core.add(GenerateRequest(2, PROMPT, following("ebnf", "root ::= foo")))
    core.add(GenerateRequest(3, PROMPT, greedy(1)))
    with pytest.raises(PoisonedByGrammar) as poisoned:
        core.step()
    assert poisoned.value.suspects == (1, 2)


async def tokens_of(generation: Generation) -> list[int]:
    async with generation:
        return [token.id async for delta in generation for token in delta.tokens]


def test_the_guilty_one_is_refused_those_that_had_not_begun_are_served_and_those_that_had_are_told() -> None:
    async def scenario() -> None:
        options = {"models_path": str(MODEL), "plugin_config": F32, "num_kv_blocks": 64}
        engine = await EngineClient.open(GENAI.command, options, name="tiny")
        try:
            expected = await tokens_of(engine.generate(PROMPT, greedy(10)))
            begun = engine.generate(PROMPT, greedy(2_000))
            await anext(begun)
            guilty = engine.generate(PROMPT, following("ebnf", "root ::= foo"))
            innocent = engine.generate(PROMPT, greedy(10))
            with pytest.raises(
                RequestRefused,
                match='its grammar cannot be used: EBNF parser error at line 1, column 10: Rule "foo" is not',
            ):
                await tokens_of(guilty)
            assert await tokens_of(innocent) == expected
            with pytest.raises(EngineDied, match="poisoned by a failed step"):
                await tokens_of(begun)
            assert restarts(engine) == 1
        finally:
            await engine.close()

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(bounded())
