"""Generations: the next one opens beside the one that serves; requests keep what they began with."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ovpipe.errors import RequestError
from ovpipe.serving.models.generations import Generations, GenerationState, Lease, ModelGeneration


def serving(served: str) -> Generations[str]:
    generations: Generations[str] = Generations()
    generations.opened(generations.begin(served))
    return generations


def test_nothing_is_leased_while_the_first_loads() -> None:
    generations: Generations[str] = Generations()
    first = generations.begin("one")
    assert generations.lease() is None
    generations.opened(first)
    lease = generations.lease()
    assert lease is not None
    assert lease.served == "one"


def test_the_next_takes_new_requests_when_it_has_opened_and_the_old_one_keeps_its_own() -> None:
    generations = serving("old")
    old = generations.lease()
    new = generations.begin("new")
    still = generations.lease()
    assert old is not None
    assert still is not None
    assert still.served == "old", "the next one still loads"
    former = generations.current
    generations.opened(new)
    later = generations.lease()
    assert later is not None
    assert (old.served, later.served) == ("old", "new")

    drained: list[str] = []
    assert former is not None
    former.when_drained(lambda: drained.append("old"))
    old.release()
    old.release()  # a second time does nothing
    assert drained == []
    still.release()
    assert drained == ["old"]
    generations.closed(former)
    assert [one.served for one in generations] == ["new"]


def test_one_that_fails_to_load_leaves_the_old_one_serving() -> None:
    generations = serving("old")
    generations.failed(generations.begin("broken"))
    lease = generations.lease()
    assert lease is not None
    assert lease.served == "old"


def test_one_that_is_given_up_while_it_loads_never_serves() -> None:
    generations = serving("old")
    early = generations.begin("early")
    late = generations.begin("late")
    assert not generations.opened(early)
    assert early.is_drained, "so that it is closed"
    assert generations.opened(late)
    lease = generations.lease()
    assert lease is not None
    assert lease.served == "late"


def test_revoking_ends_every_request_that_can_be_ended() -> None:
    generations = serving("old")
    leases = [generations.lease() for _ in range(3)]
    heard: list[int] = []
    for lease in leases[:2]:
        assert lease is not None
        lease.stop = lambda error: heard.append(error.status)
    current = generations.current
    assert current is not None
    generations.retire()
    current.revoke(RequestError(503, "over"))
    assert heard == [503, 503]
    assert current.leases == 3, "each leaves when it has ended"


class Life(RuleBasedStateMachine):
    """Any order of loads, failures, requests and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.generations: Generations[int] = Generations()
        self.all: list[ModelGeneration[int]] = []
        self.leases: list[Lease[int]] = []
        self.served_at: dict[Lease[int], int] = {}
        self.drained: list[int] = []

    @rule()
    def begin(self) -> None:
        number = len(self.all)
        new = self.generations.begin(number)
        new.when_drained(lambda: self.drained.append(number))
        self.all.append(new)

    @precondition(lambda self: self.generations.next is not None)
    @rule()
    def opened(self) -> None:
        assert self.generations.next is not None
        assert self.generations.opened(self.generations.next)

    @precondition(lambda self: self.generations.next is not None)
    @rule()
    def failed(self) -> None:
        before = self.generations.current
        assert self.generations.next is not None
        self.generations.failed(self.generations.next)
        assert self.generations.current is before

    @rule()
    def retire(self) -> None:
        self.generations.retire()

    @rule()
    def give_up(self) -> None:
        self.generations.give_up()

    @rule()
    def lease(self) -> None:
        lease = self.generations.lease()
        assert (lease is None) == (self.generations.current is None)
        if lease is not None:
            self.leases.append(lease)
            self.served_at[lease] = lease.served

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        self.leases.remove(lease)
        lease.release()

    @precondition(lambda self: any(one.is_drained for one in self.generations))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        closing = data.draw(st.sampled_from([one for one in self.generations if one.is_drained]))
        self.generations.closed(closing)

    @invariant()
    def at_most_one_serves_and_one_loads(self) -> None:
        states = [one.state for one in self.all]
        assert states.count(GenerationState.SERVING) == (self.generations.current is not None)
        assert states.count(GenerationState.LOADING) == (self.generations.next is not None)

    @invariant()
    def what_is_leased_is_not_closed_and_never_exchanged(self) -> None:
        for lease in self.leases:
            generation = self.all[lease.served]
            assert generation.state in (GenerationState.SERVING, GenerationState.DRAINING)
            assert lease.served == self.served_at[lease]
        assert sum(one.leases for one in self.all) == len(self.leases)

    @invariant()
    def whoever_drained_was_told_once(self) -> None:
        over = [one.served for one in self.all if one.is_drained or one.state is GenerationState.CLOSED]
        assert sorted(self.drained) == over

    @invariant()
    def all_that_is_not_closed_can_be_found(self) -> None:
        open_ones = [
            one for one in self.all if one.state not in (GenerationState.CLOSED, GenerationState.FAILED)
        ]
        assert sorted(one.number for one in self.generations) == [one.number for one in open_ones]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
