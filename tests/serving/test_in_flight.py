"""Counting requests, refusing new ones, waiting for the last."""

from __future__ import annotations

import asyncio

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.in_flight import InFlight


def test_it_is_idle_until_a_request_comes_and_again_after_it() -> None:
    async def count() -> list[bool]:
        in_flight = InFlight()
        idle = [await in_flight.wait_idle(0)]
        with in_flight.request():
            assert len(in_flight) == 1
            idle.append(await in_flight.wait_idle(0.001))
        idle.append(await in_flight.wait_idle(0))
        return idle

    assert asyncio.run(count()) == [True, False, True]


def test_a_draining_server_refuses_new_requests() -> None:
    async def refuse() -> RequestError:
        in_flight = InFlight()
        in_flight.draining = True
        with pytest.raises(RequestError) as raised, in_flight.request():
            pass
        return raised.value

    error = asyncio.run(refuse())
    assert (error.status, error.code) == (503, "shutting_down")


def test_stopping_tells_runs_why_and_cancels_requests_that_have_none() -> None:
    async def stop() -> tuple[list[RequestError], list[bool]]:
        in_flight = InFlight()
        told: list[RequestError] = []
        entered = asyncio.Semaphore(0)

        async def request(with_run: bool) -> None:
            with in_flight.request() as ticket:
                ended = asyncio.Event()

                def end(error: RequestError) -> None:
                    told.append(error)
                    ended.set()

                ticket.stop = end if with_run else None
                entered.release()
                await ended.wait()

        tasks = [asyncio.create_task(request(with_run)) for with_run in (True, False)]
        for _ in tasks:
            await entered.acquire()
        in_flight.stop_all()
        assert await in_flight.wait_idle(10)
        await asyncio.wait(tasks)
        return told, [task.cancelled() for task in tasks]

    told, cancelled = asyncio.run(stop())
    assert [error.status for error in told] == [503]
    assert cancelled == [False, True]
