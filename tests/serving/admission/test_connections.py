"""Which connections stay, and which have to leave."""

from __future__ import annotations

from ovpipe.serving.admission.connections import Connections


class Client:
    """A connection that records whether it was closed."""

    closed = False

    def force_close(self) -> None:
        self.closed = True


def opened(connections: Connections, count: int, *, busy: bool = False) -> list[Client]:
    clients = [Client() for _ in range(count)]
    for client in clients:
        connections.opened(client)
        if busy:
            connections.busy(client)
    return clients


def test_the_one_that_has_been_idle_longest_leaves_its_place() -> None:
    connections = Connections(3, 1)
    first, second, third = opened(connections, 3)
    connections.busy(first)
    connections.busy(second)
    connections.idle(second)
    (fourth,) = opened(connections, 1)
    assert [one.closed for one in (first, second, third, fourth)] == [False, False, True, False]
    assert len(connections) == 3


def test_busy_ones_stay_and_a_new_one_is_spare() -> None:
    connections = Connections(2, 2)
    busy = opened(connections, 2, busy=True)
    (spare,) = opened(connections, 1)
    assert connections.is_spare(spare)
    assert not any(one.closed or connections.is_spare(one) for one in busy)


def test_idle_spare_ones_make_room_for_the_next() -> None:
    connections = Connections(1, 1)
    opened(connections, 1, busy=True)
    (first,) = opened(connections, 1)
    (second,) = opened(connections, 1)
    assert (first.closed, second.closed) == (True, False)
    connections.busy(second)
    (third,) = opened(connections, 1)
    assert third.closed
    assert len(connections) == 2


def test_a_place_is_free_again_when_a_connection_is_closed() -> None:
    connections = Connections(1, 1)
    (first,) = opened(connections, 1, busy=True)
    connections.closed(first)
    connections.idle(first)
    (second,) = opened(connections, 1)
    assert (second.closed, connections.is_spare(second), len(connections)) == (False, False, 1)


def test_a_thousand_idle_ones_never_take_more_than_the_places() -> None:
    connections = Connections(8, 2)
    clients = opened(connections, 1000)
    assert sum(not client.closed for client in clients) == len(connections) == 8
    assert not clients[-1].closed
