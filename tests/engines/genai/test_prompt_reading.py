"""When the core says that it begins with a prompt: before the step that does so, and never while it queues."""

from __future__ import annotations

from typing import Any

from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.messages import Reading
from ovpipe.engines.protocol import BeamSearch, Delta, GenerateRequest
from tests.engines.cores import a_prompt, finish, greedy, loaded


def listening(**options: Any) -> tuple[GenaiCore, list[int]]:
    """A core, and the requests that it says it begins to read."""
    core = loaded(**options)
    told: list[int] = []

    def hear(reading: Reading) -> None:
        told.append(reading.request)

    core.begin_service(hear)
    return core, told


def told_by_step(core: GenaiCore, told: list[int], requests: list[GenerateRequest]) -> list[list[int]]:
    """What is said in each step until all have had their first token; and that it was said before that."""
    for request in requests:
        core.add(request)
    waiting = {request.id for request in requests}
    steps: list[list[int]] = []
    while waiting:
        told.clear()
        outcomes = core.step()
        steps.append(list(told))
        first = {outcome.request for outcome in outcomes if isinstance(outcome, Delta)} & waiting
        assert first <= {request for step in steps for request in step}
        waiting -= first
    return steps


def test_prompts_are_read_one_after_the_other_as_far_as_a_step_has_room() -> None:
    core, told = listening(max_num_batched_tokens=64, enable_prefix_caching=False)
    requests = [
        GenerateRequest(n, a_prompt(length, n), greedy(1)) for n, length in ((1, 160), (2, 40), (3, 5))
    ]
    assert told_by_step(core, told, requests) == [[1], [], [2], [3]]


def test_what_waits_for_a_place_is_not_read_and_each_is_told_once() -> None:
    core, told = listening(max_num_seqs=1)
    core.add(GenerateRequest(1, a_prompt(20), greedy(8)))
    core.add(GenerateRequest(2, a_prompt(20, 2), greedy(8)))
    for _ in range(4):
        core.step()
    assert told == [1]
    finish(core, [2])
    assert told == [1, 2]


def test_what_waits_for_the_cache_is_not_read() -> None:
    core, told = listening(num_kv_blocks=8, max_num_batched_tokens=256, enable_prefix_caching=False)
    core.add(GenerateRequest(1, a_prompt(230), greedy(20)))
    for _ in range(3):
        core.step()
    core.add(GenerateRequest(2, a_prompt(200, 2), greedy(1)))
    for _ in range(5):
        core.step()
    assert told == [1]
    finish(core, [2])
    assert told == [1, 2]


def test_without_split_fuse_a_whole_prompt_is_told_before_its_one_step() -> None:
    core, told = listening(dynamic_split_fuse=False, max_num_batched_tokens=64, enable_prefix_caching=False)
    requests = [GenerateRequest(n, a_prompt(40, n), greedy(3)) for n in (1, 2)]
    assert told_by_step(core, told, requests) == [[1], [2]]


def test_a_beam_search_is_told_when_it_begins_though_its_only_delta_comes_at_its_end() -> None:
    core, told = listening()
    core.add(GenerateRequest(1, a_prompt(20), greedy(8, beams=BeamSearch(width=2))))
    assert core.step() == []
    assert told == [1]
