"""Several requests with one prompt, as the choices of `n`: the prompt is read once, and its blocks are shared."""

from __future__ import annotations

import pytest
from msgspec import structs

from ovpipe.engines.protocol import GenerateRequest
from tests.calculators.engine.remembering_model import completion
from tests.calculators.engine.stepped_engine import SteppedEngine, engine, request, several


def long_request(number: int) -> GenerateRequest:
    return request(number, length=4, max_tokens=32)


def blocks_of(one: SteppedEngine, number: int) -> list[int]:
    (text,) = one.table.running[number].sequences
    return text.blocks


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 8, 9, 30])
def test_choices_read_their_prompt_once_and_each_gets_the_text_of_its_seed(length: int) -> None:
    asked = several(request(1, length, max_tokens=20), 5)
    with engine(max_tokens=12) as one:
        one.step(*asked)
        one.finish()
        assert one.texts == {each.id: completion(each) for each in asked}
        assert len({tuple(text) for text in one.texts.values()}) == 5
        tokens = sum(len(text) for text in one.texts.values())
        # Of each text the model reads all tokens but the last; a fork reads the prompt's last token again.
        assert sum(one.model.reads) == length + 4 + tokens - 5
        assert (one.blocks.free, one.begun) == (64, [1, 2, 3, 4, 5])


def test_full_blocks_are_shared_and_the_last_one_is_copied_by_those_that_write_to_it() -> None:
    with engine() as one:
        one.step(*several(request(1, length=10, max_tokens=20), 3))
        assert [blocks_of(one, number) for number in (1, 2, 3)] == [blocks_of(one, 1)] * 3
        assert one.blocks.free == 61
        one.step()
        first, second, third = (blocks_of(one, number) for number in (1, 2, 3))
        assert first[:2] == second[:2] == third[:2], "two full blocks of four"
        assert len({first[2], second[2], third[2]}) == 3
        assert one.blocks.free == 64 - 2 - 3


def test_choices_that_come_a_step_late_join_those_that_run() -> None:
    asked = several(request(1, length=10, max_tokens=12), 3)
    with engine() as one:
        one.step(asked[0])
        one.step()
        one.step(*asked[1:])
        assert one.model.reads == [10, 1, 3]
        one.finish()
        assert one.texts == {each.id: completion(each) for each in asked}


def scoring(number: int, length: int, choices: int = 3, top: int = 1) -> list[GenerateRequest]:
    """Choices that want log-probabilities of their prompt."""
    return [
        structs.replace(one, sampling=structs.replace(one.sampling, prompt_logprobs=top))
        for one in several(request(number, length, max_tokens=5), choices)
    ]


@pytest.mark.parametrize("length", [1, 2, 9, 30])
def test_choices_have_their_prompt_scored_once_and_each_gets_what_it_gets_alone(length: int) -> None:
    asked = scoring(1, length)
    with engine(max_tokens=12, max_logits=4, prefix_caching=False) as apart:
        apart.step(*asked)
        apart.finish()
        assert sum(apart.model.scored) == 3 * (length - 1)
    with engine(max_tokens=12, max_logits=4) as one:
        one.step(*asked)
        one.finish()
        assert sum(one.model.scored) == length - 1
        assert one.prompts == apart.prompts
        assert one.texts == {each.id: completion(each) for each in asked}
        assert one.blocks.free == 64


def test_a_prompt_that_is_scored_already_or_otherwise_is_read_by_each_itself() -> None:
    first, late = scoring(1, 30, choices=2)
    (other,) = scoring(3, 30, choices=1, top=2)
    with engine(max_tokens=12) as one:
        one.step(first, structs.replace(other, prompt=first.prompt))
        one.step(late)
        one.finish()
        assert sum(one.model.scored) == 3 * 29
        assert one.prompts[1] == one.prompts[2]
        assert [len(token.top_logprobs) for token in one.prompts[3][1:]] == [2] * 29


def test_who_waited_for_a_reader_s_scores_goes_on_where_it_was_when_that_one_goes() -> None:
    asked = scoring(1, 30)
    with engine(max_tokens=12) as one:
        one.step(*asked)
        one.step(cancel=(1,))
        one.finish()
        for number in (2, 3):
            assert [token.id for token in one.prompts[number]] == asked[0].prompt
        assert sum(one.model.scored) <= 29 + 12
        assert {number: one.texts[number] for number in (2, 3)} == {
            each.id: completion(each) for each in asked[1:]
        }


def test_choices_take_places_of_their_own_and_no_more_run_than_may() -> None:
    asked = several(request(1, length=10, max_tokens=6), 5)
    with engine(max_seqs=3) as one:
        one.step(*asked, request(9))
        assert (sorted(one.table.running), one.table.num_running) == ([1, 2, 3], 3)
        assert [group.request.id for group in one.table.waiting] == [4, 5, 9]
        one.finish()
        assert {number: one.texts[number] for number in range(1, 6)} == {
            each.id: completion(each) for each in asked
        }


def test_nobody_is_passed_over_for_a_prompt_that_is_being_read() -> None:
    with engine(max_tokens=4, max_seqs=2) as one:
        first, twin = several(request(1, length=20), 2)
        one.step(first, request(5), twin)
        assert sorted(one.table.running) == [1]
        assert [group.request.id for group in one.table.waiting] == [5, 2], "the twin came after it"


@pytest.mark.parametrize("steps", [1, 3, 4])
def test_when_the_one_that_reads_is_cancelled_another_goes_on(steps: int) -> None:
    asked = several(request(1, length=10), 3)
    with engine(max_tokens=4) as one:
        one.step(*asked)
        for _ in range(steps - 1):
            one.step()
        one.step(cancel=(1,))
        one.finish()
        assert {number: one.texts[number] for number in (2, 3)} == {
            each.id: completion(each) for each in asked[1:]
        }
        assert one.blocks.free == 64


def test_one_choice_can_be_cancelled_before_and_after_the_fork() -> None:
    asked = several(request(1, length=10, max_tokens=12), 4)
    with engine(max_tokens=8) as one:
        one.step(*asked)
        one.step(cancel=(2,))
        one.step(cancel=(3,))
        one.finish()
        assert {number: one.texts[number] for number in (1, 4)} == {
            each.id: completion(each) for each in asked[::3]
        }
        assert 2 not in one.texts
        assert one.blocks.free == 64


def test_choices_in_too_small_a_cache_are_preempted_one_by_one_and_their_texts_are_the_same() -> None:
    asked = several(request(1, length=12, max_tokens=20), 4)
    with engine(blocks=10) as one:
        one.step(*asked)
        one.finish()
        assert one.table.preemptions > 0
        assert one.texts == {each.id: completion(each) for each in asked}
        assert one.blocks.free == 10


def test_a_leader_that_is_preempted_takes_its_followers_back_to_the_queue() -> None:
    choices = [*several(request(2, length=20, max_tokens=4), 2)]
    first = request(1, length=4, max_tokens=28)
    with engine(blocks=8, max_tokens=5) as one:
        one.step(first)
        one.step(*choices)
        one.finish()
        asked = [first, *choices]
        assert one.texts == {each.id: completion(each) for each in asked}


def test_only_those_that_hold_blocks_are_preempted() -> None:
    long = next(one for one in map(long_request, range(100, 200)) if len(completion(one)) == 32)
    with engine(blocks=9, max_tokens=2) as one:
        one.step(long)
        one.step()
        one.step()
        one.step(*several(request(2, length=20, max_tokens=4), 2))
        assert sorted(one.table.running) == [2, 3, long.id]
        for _ in range(25):
            if one.table.preemptions == 0:
                one.step()
        found = (one.table.preemptions, sorted(one.table.running))
        assert found == (1, [long.id]), "the follower has nothing to give up"


def test_a_choice_of_one_token_ends_with_the_prompt_and_the_others_share_what_it_read() -> None:
    asked = several(request(1, length=10, max_tokens=1), 3)
    with engine() as one:
        one.step(*asked)
        one.finish()
        assert one.model.reads[:2] == [10, 2]
        assert one.texts == {each.id: completion(each) for each in asked}


def test_a_fork_counts_as_found_in_the_cache_but_for_the_token_that_it_reads() -> None:
    with engine() as one:
        one.step(*several(request(1, length=10), 3))
        one.finish()
        assert (one.blocks.queried_tokens, one.blocks.found_tokens) == (30, 18)


def test_without_prefix_caching_requests_share_nothing() -> None:
    asked = several(request(1, length=10), 3)
    with engine(max_tokens=64, prefix_caching=False) as one:
        one.step(*asked)
        assert one.model.reads == [30]
        one.finish()
        assert one.texts == {each.id: completion(each) for each in asked}
