"""Waiting takes no time on a virtual clock, and is as long as it says."""

from __future__ import annotations

import asyncio
import threading

from ovpipe import Calculator, Context, Input, Output
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.virtual_clock import VirtualClockLoop


class SlowCalculator(Calculator):
    """Waits for a day, or for less where its limit is shorter."""

    seconds = Input[float]()
    took = Output[float]()

    async def process(self, cx: Context) -> None:
        before = asyncio.get_running_loop().time()
        try:
            await asyncio.wait_for(asyncio.sleep(86400), cx[self.seconds])
        except TimeoutError:
            cx.send(self.took, asyncio.get_running_loop().time() - before)


def test_timeouts_come_at_once_and_in_their_order() -> None:
    out = CalculatorRunner(SlowCalculator(), virtual_clock=True).run(seconds=[3600.0, 0.5])
    assert out[SlowCalculator.took] == [3600.0, 0.5]


def test_what_other_threads_bring_is_waited_for() -> None:
    async def ask() -> str:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[str] = loop.create_future()
        threading.Thread(target=lambda: loop.call_soon_threadsafe(found.set_result, "here")).start()
        return await found

    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        assert runner.run(ask()) == "here"


class ThreadCalculator(Calculator):
    tick = Input[int]()
    name = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.name, threading.current_thread().name)


def test_a_plain_process_may_run_in_threads() -> None:
    out = CalculatorRunner(ThreadCalculator(), threads=2, max_in_flight=2).run(tick=[1, 2, 3])
    assert all(name.startswith("ThreadCalculator.pool") for name in out[ThreadCalculator.name])
    assert CalculatorRunner(ThreadCalculator()).run(tick=[1])[ThreadCalculator.name] == ["MainThread"]
