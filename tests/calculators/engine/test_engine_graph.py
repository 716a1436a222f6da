"""The graph of a step with a model that knows what stands in its cache: whoever is scheduled, texts are right."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.step import StepCommands
from ovpipe.engines.protocol import GenerateRequest, PromptToken, SamplingParams
from ovpipe.graph.files import shipped_graphs
from ovpipe.runtime import Graph
from ovpipe.runtime.runs.stepper import Stepper
from tests.calculators.engine.remembering_model import (
    END,
    VOCABULARY,
    RememberingModel,
    completion,
    next_token,
)

BLOCK = 4


class SteppedEngine:
    """The graph's run, its side packets, and what came of each request so far."""

    def __init__(self, stepper: Stepper, model: RememberingModel, blocks: BlockPool, table: SequenceTable):
        self._stepper = stepper
        self.model = model
        self.blocks = blocks
        self.table = table
        self.texts: dict[int, list[int]] = {}
        self.prompts: dict[int, list[PromptToken]] = {}
        self.finishes: dict[int, str] = {}
        self.begun: list[int] = []

    def step(self, *add: GenerateRequest, cancel: tuple[int, ...] = ()) -> list[int]:
        """One step; the requests that got a token."""
        deltas = self._stepper.step(StepCommands(add, cancel))
        for delta in deltas:
            text = self.texts.setdefault(delta.request, [])
            text += [token.id for token in delta.tokens]
            assert delta.generated == len(text)
            self.prompts.setdefault(delta.request, []).extend(delta.prompt_logprobs)
            assert not (delta.prompt_logprobs and text), "the prompt comes before the first token"
            if delta.finish is not None:
                self.finishes[delta.request] = delta.finish
        return [delta.request for delta in deltas]

    def finish(self) -> None:
        """Steps until nothing is left to do."""
        for _ in range(10_000):
            if len(self.table) == 0:
                return
            self.step()
        raise AssertionError("requests do not end")


@contextmanager
def engine(
    *,
    blocks: int = 64,
    max_tokens: int = 16,
    max_seqs: int = 8,
    prefix_caching: bool = True,
    block_size: int = BLOCK,
    max_logits: int = 64,
) -> Iterator[SteppedEngine]:
    model, pool = RememberingModel(block_size), BlockPool(blocks, block_size)
    facts = ModelFacts(
        vocab_size=VOCABULARY,
        context_length=None,
        eos_token_ids=frozenset({END}),
        cache_bytes=0,
        generation_config={},
    )
    begun: list[int] = []
    graph = Graph.load(
        shipped_graphs()["engine"],
        parameters={
            "max_num_batched_tokens": max_tokens,
            "max_num_seqs": max_seqs,
            "max_logits_rows": max_logits,
            "enable_prefix_caching": prefix_caching,
        },
        side_packets={"model": model, "blocks": pool, "facts": facts, "on_reading": begun.append},
    )
    with asyncio.Runner() as runner:
        runner.run(graph.open())
        stepper = graph.stepper("deltas")
        found = SteppedEngine(stepper, model, pool, graph.side_packets["sequences"])
        found.begun = begun
        yield found
        stepper.close()
        runner.run(graph.close())


def request(id: int, length: int = 5, max_tokens: int = 6, priority: int = 0) -> GenerateRequest:
    prompt = random.Random(id).choices(range(VOCABULARY), k=length)
    return GenerateRequest(id, prompt, SamplingParams(max_tokens=max_tokens, temperature=0), priority)


def expected(asked: GenerateRequest) -> list[int]:
    return completion(asked.prompt, asked.sampling.max_tokens)


def test_a_request_alone_gets_its_text() -> None:
    with engine() as one:
        asked = request(1)
        one.step(asked)
        one.finish()
        assert one.texts == {1: expected(asked)}
        assert (one.blocks.free, one.begun) == (64, [1])


def test_a_long_prompt_is_read_in_pieces_beside_those_that_generate() -> None:
    with engine(max_tokens=8) as one:
        first, long = request(1, length=4, max_tokens=30), request(2, length=20, max_tokens=3)
        one.step(first)
        got = [one.step(long), one.step(), one.step()]
        assert got == [[1], [1], [1, 2]], "seven tokens of the prompt a step, beside one of the first request"
        assert one.model.reads == [4, 8, 8, 7]
        one.finish()
        assert one.texts == {1: expected(first), 2: expected(long)}


def test_the_walk_of_docs_engine_md_is_what_happens() -> None:
    with engine(max_tokens=256, block_size=32) as one:
        found = []
        for add in ((request(2, length=300, max_tokens=3),), (), (), (), ()):
            got = len(one.step(*add))
            running = one.table.running.get(2)
            held = (running.past, len(running.blocks)) if running else None
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
        assert one.texts == {each.id: expected(each) for each in asked}
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
        assert one.texts[2] == completion(again.prompt, 3)
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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32).map(random.Random), st.integers(3, 14), st.integers(1, 20), st.integers(1, 6))
def test_whatever_comes_goes_and_is_sent_back_texts_are_right(
    chance: random.Random, blocks: int, max_tokens: int, max_seqs: int
) -> None:
    _storm(chance, blocks, max_tokens, max_seqs, steps=60)


@pytest.mark.slow
def test_over_a_hundred_thousand_steps_no_block_is_lost() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        _storm(chance, chance.randint(3, 14), chance.randint(1, 20), chance.randint(1, 6), steps=5_000)


def _storm(chance: random.Random, blocks: int, max_tokens: int, max_seqs: int, *, steps: int) -> None:
    """Random arrivals and cancels; at each step the cache's books are right, at the end the texts."""
    room = blocks * BLOCK
    asked: dict[int, GenerateRequest] = {}
    cancelled: set[int] = set()
    with engine(blocks=blocks, max_tokens=max_tokens, max_seqs=max_seqs, max_logits=7) as one:
        for _ in range(steps):
            new = []
            for _ in range(chance.choice([0, 0, 0, 1, 2]) if len(one.table) < 30 else 0):
                length = chance.randint(1, room - 1)
                fresh = request(
                    len(asked) + 1, length, chance.randint(1, room - length), chance.choice([0, 0, 0, -1, 3])
                )
                # Half of them begin like others.
                stem = request(-chance.randint(1, 3), room).prompt if chance.random() < 0.5 else fresh.prompt
                shared = chance.randint(0, length)
                scored = msgspec.structs.replace(
                    fresh.sampling, prompt_logprobs=chance.choice([None, None, None, 0])
                )
                fresh = msgspec.structs.replace(
                    fresh, prompt=stem[:shared] + fresh.prompt[shared:], sampling=scored
                )
                asked[fresh.id] = fresh
                new.append(fresh)
            living = asked.keys() - one.finishes.keys() - {each.id for each in new}
            gone = tuple(number for number in sorted(living) if chance.random() < 0.01)
            cancelled |= set(gone)
            one.step(*new, cancel=gone)
            assert one.model.reads[-1] <= max_tokens
            assert one.model.scored[-1] <= 7
            held = [set(each.blocks) for each in one.table.running.values()]
            assert len(set().union(*held)) == blocks - one.blocks.free
            assert len(one.table.running) <= max_seqs
            assert all(not each.blocks for each in one.table.waiting)
        one.finish()
        assert one.blocks.free == blocks
    for each in asked.values():
        text, whole = one.texts.get(each.id, []), expected(each)
        assert text == (whole[: len(text)] if each.id in cancelled else whole)
        if each.sampling.prompt_logprobs is not None:
            found, reference = one.prompts.get(each.id, []), scored_prompt(each)
            assert found == (reference[: len(found)] if each.id in cancelled else reference)


def scored_prompt(asked: GenerateRequest) -> list[PromptToken]:
    """What the remembering model says of a prompt: one token at each place has a logit of 1, the others of 0."""
    weights = math.log(math.e + VOCABULARY - 1)
    found = [PromptToken(asked.prompt[0])]
    for place, token in enumerate(asked.prompt[1:], 1):
        likeliest = next_token(asked.prompt[:place]) == token
        logprob: Any = pytest.approx(likeliest - weights)
        found.append(PromptToken(token, logprob, (), 1 if likeliest else 2))
    return found
