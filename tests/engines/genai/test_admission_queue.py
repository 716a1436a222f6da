"""Who is next, and whether there is room."""

from __future__ import annotations

import random
import tracemalloc

from ovpipe.engines.genai.admission_queue import Demand, Room, WaitingQueue


def drained(queue: WaitingQueue[str]) -> list[str]:
    order = []
    while (item := queue.first()) is not None:
        order.append(item)
        queue.remove(int(item))
    return order


def test_lower_priorities_come_first_and_equals_in_the_order_of_their_coming() -> None:
    queue: WaitingQueue[str] = WaitingQueue()
    for number, priority in ((1, 0), (2, 7), (3, 0), (4, -3), (5, 7)):
        queue.add(number, str(number), priority)
    assert (len(queue), 3 in queue, 6 in queue) == (5, True, False)
    assert drained(queue) == ["4", "1", "3", "2", "5"]
    assert len(queue) == 0


def test_whoever_is_removed_is_passed_over_and_may_come_again_with_another_priority() -> None:
    queue: WaitingQueue[str] = WaitingQueue()
    queue.add(1, "1", -5)
    queue.add(2, "2", 0)
    assert queue.remove(1) == "1"
    assert queue.remove(1) is None
    queue.add(1, "1", 5)
    assert drained(queue) == ["2", "1"]


def test_those_who_were_cancelled_leave_nothing_behind() -> None:
    queue: WaitingQueue[str] = WaitingQueue()
    queue.add(0, "first", 0)
    tracemalloc.start()
    try:
        for number in range(1, 20_000):
            queue.add(number, str(number), 1)
            queue.remove(number)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000
    assert queue.first() == "first"


def test_it_orders_as_sorting_does() -> None:
    chance = random.Random(1)
    queue: WaitingQueue[str] = WaitingQueue()
    alive: dict[int, int] = {}
    for number in range(500):
        alive[number] = chance.randint(-5, 5)
        queue.add(number, str(number), alive[number])
        if chance.random() < 0.3:
            gone = chance.choice(list(alive))
            queue.remove(gone)
            del alive[gone]
    assert drained(queue) == [str(n) for n in sorted(alive, key=lambda n: (alive[n], n))]


def test_there_is_room_until_one_of_the_limits_is_reached() -> None:
    room = Room(sequences=4, tokens=10, blocks=None)
    room.take(Demand(2, 5, 1000))
    assert room.has(Demand(2, 5, 1000))
    assert not room.has(Demand(3, 1, 1))
    assert not room.has(Demand(1, 6, 1))
    room.give_back(Demand(2, 5, 1000))
    assert room.has(Demand(4, 10, 1))
