"""One request between the gates: what it holds, how it waits, how its wait ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from ovpipe.errors import RequestError
from ovpipe.http import Client
from ovpipe.serving.admission.admitted import Admitted, allowed_priority
from ovpipe.serving.admission.model_gate import ModelGate
from ovpipe.serving.admission.pool import Pool
from ovpipe.serving.admission.throughput import Throughput
from ovpipe.serving.limits import ModelLimits
from ovpipe.serving.refusals import shutting_down

FOREVER = ModelLimits(queue_seconds=None)


class House:
    """A gate with one place, taken, and a place to wait; and room for 100 bytes."""

    def __init__(self) -> None:
        self.gate = ModelGate(1, 1.0, Throughput())
        self.gate.most_running = 1
        self.bytes = Pool(100)

    def admit(self, client: str = "a") -> Admitted:
        return Admitted(Client(client), self.bytes, Throughput())

    async def occupied(self) -> Admitted:
        first = self.admit()
        await first.wait_for_turn(self.gate, None, FOREVER)
        return first


async def refused(work: Awaitable[object]) -> tuple[int, str | None]:
    with pytest.raises(RequestError) as raised:
        await work
    return raised.value.status, raised.value.code


def test_it_waits_until_the_one_before_it_has_ended() -> None:
    async def wait() -> None:
        house = House()
        first, second = await house.occupied(), house.admit()
        waiting = asyncio.create_task(second.wait_for_turn(house.gate, None, FOREVER))
        await asyncio.sleep(0)
        assert (house.gate.running, house.gate.waiting) == (1, 1)
        first.close()
        await waiting
        assert (house.gate.running, house.gate.waiting) == (1, 0)
        second.close()
        assert house.gate.running == 0

    asyncio.run(wait())


def test_a_full_gate_refuses_and_nothing_is_left_behind() -> None:
    async def wait() -> None:
        house = House()
        first, second, third = await house.occupied(), house.admit(), house.admit()
        waiting = asyncio.create_task(second.wait_for_turn(house.gate, None, FOREVER))
        await asyncio.sleep(0)
        assert await refused(third.wait_for_turn(house.gate, None, FOREVER)) == (429, "model_overloaded")
        third.close()
        first.close()
        await waiting
        second.close()
        assert (house.gate.running, house.gate.waiting) == (0, 0)

    asyncio.run(wait())


def test_a_wait_that_is_too_long_is_a_503() -> None:
    async def wait() -> None:
        house = House()
        await house.occupied()
        late = house.admit()
        error = await refused(late.wait_for_turn(house.gate, None, ModelLimits(queue_seconds=0.001)))
        assert error == (503, "queue_timeout")
        late.close()
        assert house.gate.waiting == 0

    asyncio.run(wait())


def test_the_deadline_of_the_whole_request_ends_its_wait() -> None:
    async def wait() -> None:
        house = House()
        await house.occupied()
        limits = ModelLimits(queue_seconds=None, request_seconds=0.001)
        error = await refused(house.admit().wait_for_turn(house.gate, None, limits))
        assert error == (503, "request_deadline_exceeded")

    asyncio.run(wait())


def test_the_deadline_of_the_whole_request_ends_its_run() -> None:
    async def wait() -> RequestError:
        admitted = House().admit()
        ended: asyncio.Future[RequestError] = asyncio.get_running_loop().create_future()
        gate = ModelGate(1, 1.0, Throughput())
        await admitted.wait_for_turn(gate, None, ModelLimits(request_seconds=0.001))
        admitted.run_begins(ended.set_result)
        return await ended

    assert asyncio.run(wait()).code == "request_deadline_exceeded"


def test_a_shutdown_ends_a_wait_with_its_own_error() -> None:
    async def wait() -> None:
        house = House()
        await house.occupied()
        late = house.admit()
        waiting = asyncio.create_task(refused(late.wait_for_turn(house.gate, None, FOREVER)))
        await asyncio.sleep(0)
        late.stop(shutting_down())
        assert await waiting == (503, "shutting_down")

    asyncio.run(wait())


def test_a_client_that_leaves_while_it_waits_leaves_its_place() -> None:
    async def wait() -> None:
        house = House()
        first, second = await house.occupied(), house.admit()
        waiting = asyncio.create_task(second.wait_for_turn(house.gate, None, FOREVER))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        second.close()
        first.close()
        assert (house.gate.running, house.gate.waiting) == (0, 0)

    asyncio.run(wait())


def test_bytes_of_bodies_are_counted_once_and_given_back() -> None:
    async def hold() -> None:
        house = House()
        first, second = house.admit("a"), house.admit("b")
        first.hold(60)
        first.hold(40)
        first.hold(70)
        assert house.bytes.taken == 70
        with pytest.raises(RequestError) as raised:
            second.hold(31)
        assert (raised.value.status, raised.value.code) == (429, "server_overloaded")
        first.close()
        second.hold(31)
        second.close()
        assert house.bytes.taken == 0

    asyncio.run(hold())


@pytest.mark.parametrize(
    ("stated", "client", "priority"),
    [
        (7, Client(), 7),
        (None, Client(), 0),
        ("7", Client(), 0),
        (True, Client(), 0),
        (-7, Client("key:a", (-3, 3)), -3),
        (None, Client("key:a", (5, 9)), 5),
    ],
)
def test_a_priority_counts_within_what_its_client_may_use(
    stated: object, client: Client, priority: int
) -> None:
    assert allowed_priority(stated, client) == priority


def test_a_client_s_own_deadline_ends_its_wait_when_it_is_shorter_than_the_model_s() -> None:
    async def wait() -> tuple[int, str | None]:
        house = House()
        await house.occupied()
        hasty = Admitted(Client("a"), house.bytes, Throughput(), 0.001)
        limits = ModelLimits(queue_seconds=None, request_seconds=600)
        return await refused(hasty.wait_for_turn(house.gate, None, limits))

    assert asyncio.run(wait()) == (503, "request_deadline_exceeded")


def test_a_client_cannot_lengthen_the_model_s_deadline() -> None:
    async def wait() -> tuple[int, str | None]:
        house = House()
        await house.occupied()
        patient = Admitted(Client("a"), house.bytes, Throughput(), 600)
        limits = ModelLimits(queue_seconds=None, request_seconds=0.001)
        return await refused(patient.wait_for_turn(house.gate, None, limits))

    assert asyncio.run(wait()) == (503, "request_deadline_exceeded")


def test_a_deadline_ends_the_wait_for_a_load() -> None:
    async def wait() -> None:
        house = House()
        hasty = Admitted(Client("a"), house.bytes, Throughput(), 0.001)
        await hasty.wait_for_turn(house.gate, None, FOREVER)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        assert await refused(hasty.wait_for_load(never)) == (503, "request_deadline_exceeded")
        hasty.close()
        assert house.gate.is_idle

    asyncio.run(wait())


def test_what_ends_a_request_between_its_turn_and_its_run_ends_the_run() -> None:
    async def begin() -> list[RequestError]:
        admitted = House().admit()
        ended: list[RequestError] = []
        await admitted.wait_for_turn(ModelGate(1, 1.0, Throughput()), None, FOREVER)
        admitted.stop(shutting_down())
        admitted.run_begins(ended.append)
        return ended

    assert [error.code for error in asyncio.run(begin())] == ["shutting_down"]
