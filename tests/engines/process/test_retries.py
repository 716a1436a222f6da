"""Which requests go to the next engine, and in which order."""

from __future__ import annotations

from ovpipe.engines.process.generation import MailboxGeneration
from ovpipe.engines.process.retries import Retries, Retry
from ovpipe.engines.protocol import GenerateRequest, SamplingParams


def unbegun(*ids: int) -> list[Retry]:
    return [
        Retry(GenerateRequest(n, [0], SamplingParams(max_tokens=1)), MailboxGeneration(n, lambda _: None))
        for n in ids
    ]


def ids(retries: list[Retry]) -> list[int]:
    return [retry.request.id for retry in retries]


def test_a_single_suspect_is_guilty_and_the_others_go_together() -> None:
    retries = Retries()
    assert ids(retries.keep(unbegun(1, 2, 3), [2])) == [2]
    assert ids(retries.next()) == [1, 3]
    assert retries.next() == []


def test_suspects_go_alone_the_latest_first_and_before_all_others() -> None:
    retries = Retries()
    assert retries.keep(unbegun(1, 2, 3, 4), [2, 4]) == []
    assert [ids(retries.next()) for _ in range(4)] == [[4], [2], [1, 3], []]


def test_where_nobody_knows_who_did_it_each_is_suspected() -> None:
    retries = Retries()
    assert retries.keep(unbegun(1, 2), []) == []
    assert [ids(retries.next()) for _ in range(3)] == [[2], [1], []]


def test_who_is_suspected_twice_is_guilty_and_clears_the_others() -> None:
    retries = Retries()
    retries.keep(unbegun(1, 2, 3), [])
    (tried,) = retries.next()
    assert tried.generation.suspected
    newcomer = unbegun(9)
    assert retries.keep([tried, *newcomer], []) == [tried]
    cleared = retries.next()
    assert ids(cleared) == [1, 2, 9]
    assert not any(retry.generation.suspected for retry in cleared)


def test_one_that_was_refused_already_clears_the_others_too() -> None:
    retries = Retries()
    retries.keep(unbegun(1, 2, 3), [])
    retries.next()
    assert retries.keep([], [3]) == []
    assert ids(retries.next()) == [1, 2]


def test_one_that_was_cancelled_is_passed_over_and_not_counted() -> None:
    retries = Retries()
    requests = unbegun(1, 2, 3, 4)
    retries.keep(requests, [3, 4])
    for cancelled in (requests[0], requests[3]):
        cancelled.generation.cancel()
    assert len(retries) == 2
    assert [ids(retries.next()) for _ in range(3)] == [[3], [2], []]
