"""Places that clients share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ovpipe.serving.admission.pool import Pool


def taken_by(pool: Pool, client: str) -> int:
    """How many places a client gets that wants all."""
    count = 0
    while pool.take(client):
        count += 1
    return count


def test_one_client_alone_stops_at_its_share_and_a_newcomer_finds_room() -> None:
    pool = Pool(100, 0.8)
    assert taken_by(pool, "greedy") == 80
    assert pool.has_room()
    assert taken_by(pool, "late") > 10


def test_clients_that_want_everything_get_the_same() -> None:
    pool = Pool(100, 0.8)
    clients = ["a", "b", "c"]
    for _ in range(100):
        for client in clients:
            pool.take(client)
    held = [pool.held_by(client) for client in clients]
    assert max(held) - min(held) <= 1
    assert sum(held) > 85
    assert pool.take("d")


def test_with_a_share_of_1_the_first_takes_all() -> None:
    pool = Pool(10, 1.0)
    assert taken_by(pool, "first") == 10
    assert not pool.take("second")


def test_a_client_that_holds_nothing_gets_what_fits_however_large() -> None:
    pool = Pool(100, 0.5)
    assert pool.take("a", 90)
    assert not pool.take("a", 1)
    assert pool.take("b", 10)
    assert not pool.take("c", 1)


def test_a_pool_of_one_place_serves_one_client_after_the_other() -> None:
    pool = Pool(1, 0.8)
    assert pool.take("a")
    assert not pool.take("b")
    pool.give_back("a")
    assert pool.take("b")


def test_a_pool_without_places_refuses() -> None:
    assert not Pool(0).take("a")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.booleans()), max_size=60),
    st.floats(0.01, 1.0),
)
def test_it_never_holds_more_than_it_has_and_forgets_who_has_left(
    moves: list[tuple[str, int, bool]], share: float
) -> None:
    pool = Pool(30, share)
    held: list[tuple[str, int]] = []
    for client, amount, back in moves:
        if back and held:
            pool.give_back(*held.pop())
        elif pool.take(client, amount):
            held.append((client, amount))
        assert pool.taken == sum(amount for _, amount in held) <= 30
    for one in held:
        pool.give_back(*one)
    assert (pool.taken, [pool.held_by(client) for client in "abc"]) == (0, [0, 0, 0])
