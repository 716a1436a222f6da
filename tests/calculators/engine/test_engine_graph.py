"""The graph of a step with a model that knows what stands in its cache: whoever is scheduled, texts are right."""

from __future__ import annotations

import math
import random
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.engines.admission import blocks_needed
from ovpipe.engines.protocol import BeamSearch, GenerateRequest, Grammar, PromptToken, SamplingParams
from tests.calculators.engine.remembering_model import VOCABULARY, completion, next_token, remembering
from tests.calculators.engine.stepped_engine import BLOCK, engine, request, several


def test_a_request_alone_gets_its_text() -> None:
    with engine() as one:
        asked = request(1)
        one.step(asked)
        one.finish()
        assert one.texts == {1: completion(asked)}
        assert (one.blocks.free, one.begun) == (64, [1])


def test_a_long_prompt_is_read_in_pieces_beside_those_that_generate() -> None:
    with engine(max_tokens=8) as one:
        first, long = request(1, length=4, max_tokens=30), request(2, length=20, max_tokens=3)
        one.step(first)
        got = [one.step(long), one.step(), one.step()]
        assert got == [[1], [1], [1, 2]], "seven tokens of the prompt a step, beside one of the first request"
        assert one.model.reads == [4, 8, 8, 7]
        one.finish()
        assert one.texts == {1: completion(first), 2: completion(long)}


def test_the_walk_of_docs_engine_md_is_what_happens() -> None:
    with engine(max_tokens=256, block_size=32) as one:
        found = []
        for add in ((request(2, length=300, max_tokens=3),), (), (), (), ()):
            got = len(one.step(*add))
            running = one.table.running.get(2)
            (text,) = running.sequences if running else (None,)
            held = (text.past, len(text.blocks)) if text else None
            found.append((one.model.reads[-1], held, got))
        assert found == [
            (256, (256, 8), 0),
            (44, (300, 10), 1),
            (1, (301, 10), 1),
            (1, None, 1),
            (0, None, 0),
        ]
        assert one.finishes == {2: "length"}


def test_no_more_sequences_run_than_may() -> None:
    with engine(max_seqs=2) as one:
        one.step(request(1), request(2), request(3))
        assert (len(one.table.running), len(one.table.waiting), one.begun) == (2, 1, [1, 2])
        one.finish()
        assert sorted(one.texts) == [1, 2, 3]


def test_the_lowest_priority_value_goes_first_and_equals_by_arrival() -> None:
    with engine(max_seqs=1) as one:
        one.step(request(1))
        one.step(request(2, priority=5), request(3, priority=-1), request(4, priority=5), request(5))
        one.finish()
        assert one.begun == [1, 3, 5, 2, 4]


def test_a_full_cache_sends_the_last_comer_back_and_its_text_is_the_same() -> None:
    with engine(blocks=8) as one:
        asked = [request(number, length=8, max_tokens=16) for number in (1, 2, 3)]
        one.step(*asked)
        one.finish()
        assert one.table.preemptions > 0
        assert one.texts == {each.id: completion(each) for each in asked}
        assert one.blocks.free == 8
        assert one.begun == [1, 2, 3], "each begins once"


def test_a_cancelled_request_leaves_nothing_behind_running_or_waiting() -> None:
    with engine(max_seqs=1) as one:
        one.step(request(1, max_tokens=100), request(2))
        one.step(cancel=(1, 2, 77))
        assert (len(one.table), one.blocks.free, one.model.reads[-1]) == (0, 64, 0)


def test_a_step_with_nothing_to_do_brings_nothing() -> None:
    with engine() as one:
        assert one.step() == []


def test_a_prompt_that_was_read_before_is_not_read_again() -> None:
    with engine(max_tokens=64) as one:
        first = request(1, length=21, max_tokens=3)
        one.step(first)
        one.finish()
        again = GenerateRequest(2, [*first.prompt, 7, 7], first.sampling)
        one.step(again)
        assert one.model.reads[-1] == 3, "five full blocks of four stand in the cache"
        one.finish()
        assert one.texts[2] == completion(again)
        assert (one.blocks.queried_tokens, one.blocks.found_tokens) == (44, 20)


def test_a_chat_goes_on_behind_its_own_answer() -> None:
    with engine(max_tokens=64) as one:
        first = request(1, length=8, max_tokens=9)
        one.step(first)
        one.finish()
        more = GenerateRequest(2, [*first.prompt, *one.texts[1], 3], first.sampling)
        one.step(more)
        read = len(more.prompt) - 4 * ((len(more.prompt) - 2) // 4)
        assert one.model.reads[-1] <= read


def test_of_a_prompt_that_is_there_whole_one_token_is_read() -> None:
    with engine(max_tokens=64) as one:
        first = request(1, length=8, max_tokens=1)
        one.step(first)
        one.step(GenerateRequest(2, first.prompt, first.sampling))
        assert one.model.reads[-1] == 4, "the last block once more: logits come from reading"
        assert one.texts[2] == one.texts[1]


def test_without_prefix_caching_everything_is_read() -> None:
    with engine(max_tokens=64, prefix_caching=False) as one:
        first = request(1, length=21, max_tokens=1)
        one.step(first)
        one.step(GenerateRequest(2, first.prompt, first.sampling))
        assert one.model.reads == [21, 21]


def lookup(asked: GenerateRequest, tokens: int = 5) -> GenerateRequest:
    """The same request with drafts."""
    sampling = msgspec.structs.replace(asked.sampling, num_assistant_tokens=tokens)
    return msgspec.structs.replace(asked, sampling=sampling)


def test_a_text_that_repeats_itself_takes_fewer_steps_with_prompt_lookup_and_is_the_same() -> None:
    steps = []
    for asked in (request(16, max_tokens=60), lookup(request(16, max_tokens=60))):
        with engine(logits_of=remembering(2)) as one:
            one.step(asked)
            one.finish()
            assert one.texts == {16: completion(asked, 2)}
            steps.append(len(one.model.reads))
            assert one.blocks.free == 64
            drafted, accepted = one.table.drafted_tokens, one.table.accepted_tokens
    assert len(one.texts[16]) == 60, "no end of sequence on its way round"
    assert steps[0] == 60
    assert steps[1] == 60 - accepted <= 30
    assert 0 < accepted <= drafted


def test_drafts_have_the_room_that_a_step_leaves_and_nobody_waits_for_them() -> None:
    with engine(logits_of=remembering(2), max_tokens=8) as one:
        asked = lookup(request(16, length=5, max_tokens=60), 7)
        one.step(asked)
        while one.model.reads[-1] < 8:
            one.step()
        long = request(4, length=20, max_tokens=2)
        one.step(long)
        (text,) = one.table.running[4].sequences
        assert (one.model.reads[-1], text.past) == (8, 7), "one token, no draft, and seven of the prompt"
        one.finish()
        assert one.texts == {16: completion(asked, 2), 4: completion(long, 2)}


def test_what_was_drafted_wrongly_is_not_found_in_the_cache_by_another() -> None:
    with engine(max_tokens=64) as one:
        # Every token was there before, so each step has drafts, and hardly one of them is right.
        first = lookup(GenerateRequest(1, list(range(VOCABULARY)), request(1, max_tokens=8).sampling), 9)
        one.step(first)
        one.finish()
        assert one.table.drafted_tokens > one.table.accepted_tokens
        again = GenerateRequest(2, [*first.prompt, *one.texts[1]], first.sampling)
        one.step(again)
        one.finish()
        assert one.texts == {1: completion(first), 2: completion(again)}


def test_the_choices_of_one_request_each_have_drafts_of_their_own() -> None:
    with engine(logits_of=remembering(1)) as one:
        asked = [lookup(each) for each in several(request(16, length=9, max_tokens=20), 3)]
        one.step(*asked)
        one.finish()
        assert one.texts == {each.id: completion(each, 1) for each in asked}
        assert one.table.drafted_tokens > 0
        assert one.blocks.free == 64


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32).map(random.Random), st.integers(3, 14), st.integers(1, 20), st.integers(1, 6))
@pytest.mark.slow
def test_whatever_comes_goes_and_is_sent_back_texts_are_right(
    chance: random.Random, blocks: int, max_tokens: int, max_seqs: int
) -> None:
    _storm(chance, blocks, max_tokens, max_seqs, steps=60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_over_a_hundred_thousand_steps_no_block_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    _storm(chance, chance.randint(3, 14), chance.randint(1, 20), chance.randint(1, 6), steps=5_000)


def _storm(chance: random.Random, blocks: int, max_tokens: int, max_seqs: int, *, steps: int) -> None:
    """Random arrivals and cancels; at each step the cache's books are right, at the end the texts."""
    asked: dict[int, GenerateRequest] = {}
    late: list[GenerateRequest] = []
    cancelled: set[int] = set()
    prefix_caching, memory = chance.random() < 0.8, chance.choice([0, 1, 2])
    with engine(
        blocks=blocks,
        max_tokens=max_tokens,
        max_seqs=max_seqs,
        prefix_caching=prefix_caching,
        max_logits=7,
        logits_of=remembering(memory),
    ) as one:
        for _ in range(steps):
            new, late = late, []
            for _ in range(chance.choice([0, 0, 0, 1, 2]) if len(one.table) < 30 else 0):
                choices = _arrival(chance, len(asked) + 1, blocks * BLOCK, min(max_tokens, max_seqs))
                asked |= {each.id: each for each in choices}
                here = chance.choice([1, len(choices), len(choices)])
                new, late = new + choices[:here], late + choices[here:]
            living = [*one.table.running, *(each.request.id for each in one.table.waiting)]
            gone = tuple(number for number in sorted(living) if chance.random() < 0.01)
            cancelled |= set(gone)
            one.step(*new, cancel=gone)
            assert one.model.reads[-1] <= max_tokens
            assert one.model.scored[-1] <= 7
            for text in (own for each in one.table.running.values() for own in each.sequences):
                assert len(text.blocks) == one.blocks.needed(text.past)
            held = [own.blocks for each in one.table.running.values() for own in each.sequences]
            assert len({block for own in held for block in own}) == blocks - one.blocks.free
            assert one.table.num_running <= max_seqs
            assert not any(each.has_blocks for each in one.table.waiting)
        one.step(*late)
        one.finish()
        assert one.blocks.free == blocks
    for each in asked.values():
        if each.sampling.beams is not None:
            assert each.id in one.beams or each.id in cancelled
            continue
        found, whole = one.texts.get(each.id, []), completion(each, memory)
        assert found == (whole[: len(found)] if each.id in cancelled else whole)
        if each.sampling.prompt_logprobs is not None:
            read, reference = one.prompts.get(each.id, []), scored_prompt(each, memory)
            assert read == (reference[: len(read)] if each.id in cancelled else reference)


def scored_prompt(asked: GenerateRequest, memory: int) -> list[PromptToken]:
    """What the remembering model says of a prompt: one token at each place has a logit of 3, the others of 0."""
    weights = math.log(math.exp(3) + VOCABULARY - 1)
    found = [PromptToken(asked.prompt[0])]
    for place, token in enumerate(asked.prompt[1:], 1):
        likeliest = next_token(asked.prompt[:place][-memory:]) == token
        logprob: Any = pytest.approx(3 * likeliest - weights)
        found.append(PromptToken(token, logprob, (), 1 if likeliest else 2))
    return found


def _arrival(chance: random.Random, id: int, room: int, widest: int) -> list[GenerateRequest]:
    """A request, the choices of one, or a beam search. Half of them begin like others."""
    length = chance.randint(1, room - 1)
    fresh = request(id, length, chance.randint(1, room - length), chance.choice([0, 0, 0, -1, 3]))
    stem = request(-chance.randint(1, 3), room).prompt if chance.random() < 0.5 else fresh.prompt
    shared = chance.randint(0, length)
    sampling = msgspec.structs.replace(
        fresh.sampling,
        prompt_logprobs=chance.choice([None, None, None, 0]),
        num_assistant_tokens=chance.choice([None, 1, 3, 9]),
        max_ngram_size=chance.choice([None, 1, 2]),
    )
    fresh = msgspec.structs.replace(fresh, prompt=stem[:shared] + fresh.prompt[shared:], sampling=sampling)
    search = msgspec.structs.replace(
        fresh.sampling, beams=BeamSearch(width=chance.randint(1, min(4, widest)))
    )
    if chance.random() < 0.2 and blocks_needed(length, search, BLOCK) * BLOCK <= room:
        return [msgspec.structs.replace(fresh, sampling=search)]
    return several(fresh, chance.randint(2, 4), seed=id) if chance.random() < 0.3 else [fresh]


def following(id: int, pattern: str, max_tokens: int = 40) -> GenerateRequest:
    params = SamplingParams(max_tokens=max_tokens, temperature=0, grammar=Grammar("regex", pattern))
    return GenerateRequest(id, request(id).prompt, params)


def test_texts_follow_their_grammars_and_those_beside_them_are_what_they_were() -> None:
    with engine() as one:
        one.step(following(1, "[A-H]{3}XYZ"), request(2), following(3, "[a-p]{20}"))
        one.finish()
        assert one.texts[2] == completion(request(2))
        texts = [bytes(65 + token for token in one.texts[each][:-1]).decode() for each in (1, 3)]
        assert re.fullmatch("[A-H]{3}XYZ", texts[0])
        assert re.fullmatch("[a-p]{20}", texts[1])
        assert one.finishes == {1: "stop", 2: "length", 3: "stop"}


def test_a_preemption_does_not_lose_the_place_in_a_grammar() -> None:
    asked = [following(each, "(AB?[C-Z]){9}") for each in (1, 2, 3)]
    with engine(blocks=64) as roomy:
        roomy.step(*asked)
        roomy.finish()
        assert roomy.table.preemptions == 0
        with engine(blocks=12) as tight:
            tight.step(*asked)
            tight.finish()
            assert tight.table.preemptions > 0
            assert tight.texts == roomy.texts


def test_a_request_waits_for_its_grammar_and_can_be_cancelled_meanwhile() -> None:
    with engine() as one:
        one.step(following(1, "A" * 3 + "|".join(f"B{number}" for number in range(4000))), request(2))
        one.step(cancel=(1,))
        one.finish()
        assert one.texts[2] == completion(request(2))
        assert one.texts.get(1, []) == []
        assert one.blocks.usage == 0
