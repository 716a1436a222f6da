"""Who runs, who waits and who is next at a model's gate."""

from __future__ import annotations

from ovpipe.serving.admission.model_gate import ModelGate, Turn
from ovpipe.serving.admission.throughput import Throughput


class Door:
    """A gate, and the names of those that it has let in, in order."""

    def __init__(self, running: int | None, queued: int, share: float = 1.0) -> None:
        self.gate = ModelGate(queued, share, Throughput())
        self.gate.most_running = running
        self.begun: list[str] = []
        self.turns: dict[str, Turn] = {}

    def arrive(self, name: str, client: str = "a", priority: int = 0) -> bool:
        turn = self.gate.arrive(client, priority, lambda: self.begun.append(name))
        if turn is None:
            return False
        self.turns[name] = turn
        if turn.runs:
            self.begun.append(name)
        return True

    def leave(self, *names: str) -> None:
        for name in names:
            self.gate.leave(self.turns[name])


def test_so_many_run_so_many_wait_and_the_next_is_refused() -> None:
    door = Door(running=2, queued=2)
    assert [door.arrive(name) for name in "12345"] == [True, True, True, True, False]
    assert (door.begun, door.gate.running, door.gate.waiting) == (["1", "2"], 2, 2)
    assert door.gate.is_full()


def test_they_begin_in_the_order_in_which_they_came() -> None:
    door = Door(running=1, queued=5)
    for name in "1234":
        door.arrive(name)
    door.leave("1", "2")
    assert door.begun == ["1", "2", "3"]
    assert door.arrive("5")


def test_the_lowest_priority_goes_first() -> None:
    door = Door(running=1, queued=5)
    for name, priority in (("now", 0), ("batch", 10), ("usual", 0), ("urgent", -10)):
        door.arrive(name, priority=priority)
    door.leave("now", "urgent", "usual")
    assert door.begun == ["now", "urgent", "usual", "batch"]


def test_the_client_with_the_fewest_running_is_next() -> None:
    door = Door(running=3, queued=9)
    for name in ("a1", "a2", "a3", "a4", "a5"):
        door.arrive(name, "a")
    door.arrive("b1", "b")
    door.leave("a1", "a2")
    assert door.begun == ["a1", "a2", "a3", "b1", "a4"]


def test_one_client_does_not_fill_the_queue() -> None:
    door = Door(running=1, queued=10, share=0.8)
    assert sum(door.arrive(f"a{n}", "a") for n in range(50)) == 1 + 8
    assert door.gate.is_full_for("a")
    assert not door.gate.is_full_for("b")
    assert door.arrive("b1", "b")


def test_one_that_gives_up_leaves_its_place_in_the_queue() -> None:
    door = Door(running=1, queued=1)
    assert door.arrive("1")
    assert door.arrive("2")
    assert not door.arrive("3")
    door.leave("2")
    assert door.arrive("4")
    door.leave("1")
    assert door.begun == ["1", "4"]


def test_without_a_queue_it_refuses_what_cannot_run() -> None:
    door = Door(running=1, queued=0)
    assert [door.arrive(name) for name in "12"] == [True, False]


def test_a_lower_limit_lets_what_runs_go_on_and_a_higher_one_lets_more_in() -> None:
    door = Door(running=2, queued=5)
    for name in "12345":
        door.arrive(name)
    door.gate.most_running = 1
    door.leave("1")
    assert (door.gate.running, door.begun) == (1, ["1", "2"])
    door.gate.most_running = 4
    door.arrive("6")
    assert door.begun == ["1", "2", "3", "4", "5"]
    assert door.gate.waiting == 1
