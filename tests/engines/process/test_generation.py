"""A request's mailbox: what waits in it is one delta."""

from __future__ import annotations

import asyncio

from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.protocol import Beam, Delta, PromptToken
from tests.tokens import scored, tokens


def waiting(*deltas: Delta) -> Delta:
    """What a consumer gets that comes after all of these."""

    async def scenario() -> Delta:
        generation = MailboxGeneration(1, lambda request: None)
        for delta in deltas:
            generation.deliver(delta)
        return await anext(generation)

    return asyncio.run(scenario())


def test_tokens_and_their_logprobs_are_joined_and_the_counts_are_the_last() -> None:
    assert waiting(
        Delta(1, scored((5, -0.5)), 1), Delta(1, scored((6, -1.0), (7, -2.0)), 3), Delta(1, [], 3, "stop")
    ) == Delta(1, scored((5, -0.5), (6, -1.0), (7, -2.0)), 3, "stop")


def test_deltas_without_logprobs_have_none_when_joined() -> None:
    assert waiting(Delta(1, tokens(5), 1), Delta(1, tokens(6), 2, "length")) == Delta(
        1, tokens(5, 6), 2, "length"
    )


def test_what_is_known_of_the_prompt_is_joined_in_its_order() -> None:
    first, second = [PromptToken(1), PromptToken(2, -0.5, (), 1)], [PromptToken(3, -1.5, (), 9)]
    joined = waiting(
        Delta(1, [], 0, prompt_logprobs=first),
        Delta(1, [], 0, prompt_logprobs=second),
        Delta(1, tokens(5), 1),
    )
    assert joined == Delta(1, tokens(5), 1, prompt_logprobs=[*first, *second])
    assert not Delta(1, [], 0, prompt_logprobs=first).brings_nothing


def test_the_seed_of_the_first_delta_is_kept_when_they_are_joined() -> None:
    assert waiting(Delta(1, tokens(5), 1, seed=9), Delta(1, tokens(6), 2)).seed == 9


def test_beams_are_handed_on_as_they_came() -> None:
    beams = [Beam(tokens(5, 6), -0.5, "stop"), Beam(tokens(5, 7), -0.7, "length")]
    assert waiting(Delta(1, [], 4, "stop", beams)).beams == beams


def test_while_the_engine_is_silent_each_pulse_but_the_first_is_a_delta_that_brings_nothing() -> None:
    async def scenario() -> None:
        generation = MailboxGeneration(1, lambda request: None)
        generation.pulse()
        generation.begin()
        generation.pulse()  # it has just begun
        generation.pulse()
        assert await anext(generation) == Delta(1, [], 0)
        generation.deliver(Delta(1, tokens(5), 1))
        generation.pulse()
        assert await anext(generation) == Delta(1, tokens(5), 1)
        for _ in range(2):
            generation.pulse()
            assert await anext(generation) == Delta(1, [], 1)

    asyncio.run(scenario())


def test_a_pulse_that_waits_becomes_part_of_the_delta_after_it() -> None:
    assert waiting(Delta(1, [], 0), Delta(1, tokens(5), 1, seed=3)) == Delta(1, tokens(5), 1, seed=3)


def test_what_waits_in_the_queue_has_no_pulse() -> None:
    async def scenario() -> None:
        generation = MailboxGeneration(1, lambda request: None)
        for _ in range(3):
            generation.pulse()
        generation.begin()
        generation.move(lambda request: None)  # to another process, in whose queue it begins anew
        for _ in range(3):
            generation.pulse()
        generation.deliver(Delta(1, tokens(5), 1))
        assert await anext(generation) == Delta(1, tokens(5), 1)

    asyncio.run(scenario())


class Heard:
    """A meter that notes what it hears."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def reading(self) -> None:
        self.calls.append("reading")

    def tokens(self, count: int, cached: int | None) -> None:
        self.calls.append((count, cached))

    def ended(self, finish: str | None) -> None:
        self.calls.append(f"ended: {finish}")


def metered() -> tuple[MailboxGeneration, Heard]:
    heard = Heard()
    return MailboxGeneration(1, lambda request: None, None, heard), heard


def test_a_meter_hears_of_tokens_as_they_arrive_though_nobody_takes_them() -> None:
    generation, heard = metered()
    generation.begin()
    generation.deliver(Delta(1, tokens(5), 1, cached_tokens=3))
    generation.deliver(Delta(1, tokens(6, 7), 3))
    generation.deliver(Delta(1, tokens(8), 4, "stop"))
    generation.cancel()
    assert heard.calls == ["reading", (1, 3), (2, None), (1, None), "ended: stop"]


def test_a_meter_counts_the_tokens_of_all_beams() -> None:
    generation, heard = metered()
    generation.deliver(
        Delta(1, [], 5, "stop", [Beam(tokens(1, 2, 3), 0.5, "stop"), Beam(tokens(1, 4), 0.1, "stop")])
    )
    assert heard.calls == [(5, None), "ended: stop"]


def test_a_meter_hears_once_of_an_end_that_is_none_of_the_engine_s() -> None:
    left, of_left = metered()
    left.cancel()
    left.cancel()
    failed, of_failed = metered()
    failed.fail(RuntimeError("died"))
    failed.cancel()
    assert of_left.calls == of_failed.calls == ["ended: None"]
