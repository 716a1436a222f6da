"""FlowLimiterCalculator: fresh packets only, while the graph below is busy."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe import Calculator, Context, Graph, Input, Output, Run, SideInput
from ovpipe.calculators.flow.flow_limiter import FlowLimiterCalculator
from tests.calculators.flow.running import graph_of, outputs_of, pairs_of


class SlowCalculator(Calculator):
    """Works on a packet for as long as the test says, and then says nothing of "silent" ones."""

    frame = Input[str]()
    done = Output[str]()
    permits = SideInput[asyncio.Semaphore]()

    async def process(self, cx: Context) -> None:
        await cx[self.permits].acquire()
        if cx[self.frame] != "silent":
            cx.send(self.done, cx[self.frame])


LIMITED = """
version: 1
inputs: [frame]
outputs: [passed, done]
side_inputs: [permits]
nodes:
  limiter:
    calculator: FlowLimiterCalculator
    inputs: {streams: [frame], finished: {stream: done, back_edge: true}}
    outputs: {passed: [passed]}
    options: {max_in_flight: IN_FLIGHT, max_in_queue: IN_QUEUE}
  slow: {calculator: SlowCalculator, inputs: {frame: passed}, outputs: {done: done}, side_inputs: {permits: permits}}
"""


class Limited:
    """A run in which the test says when a packet is finished."""

    def __init__(self, graph: Graph, run: Run, permits: asyncio.Semaphore) -> None:
        self.graph = graph
        self.run = run
        self.permits = permits
        self.passed: list[Any] = []
        run.observe("passed", lambda packet: self.passed.append(packet.value))

    async def send(self, *frames: str) -> None:
        for frame in frames:
            await self.run.send("frame", frame)

    async def finish(self, count: int = 1) -> None:
        for _ in range(count):
            self.permits.release()
            for _ in range(10):  # the slow node's task takes its permit and ends its call
                await asyncio.sleep(0)

    async def end(self) -> list[Any]:
        for _ in range(100):
            self.permits.release()
        self.run.close_inputs()
        await self.run.wait()
        return self.passed


async def limited(in_flight: int = 1, in_queue: int = 0) -> Limited:
    text = LIMITED.replace("IN_FLIGHT", str(in_flight)).replace("IN_QUEUE", str(in_queue))
    graph = graph_of(text, SlowCalculator)
    permits = asyncio.Semaphore(0)
    await graph.open({"permits": permits})
    return Limited(graph, graph.run(), permits)


def scenario(coroutine: Any) -> list[Any]:
    async def bounded() -> Any:
        async with asyncio.timeout(10):
            return await coroutine

    result: list[Any] = asyncio.run(bounded())
    return result


def test_what_comes_while_one_is_in_flight_is_dropped() -> None:
    async def run() -> list[Any]:
        it = await limited()
        await it.send("a", "b", "c")
        await it.finish()
        await it.send("d", "e")
        return await it.end()

    assert scenario(run()) == ["a", "d"]


def test_the_latest_waits_in_the_queue_and_older_ones_are_dropped() -> None:
    async def run() -> list[Any]:
        it = await limited(in_queue=1)
        await it.send("a", "b", "c", "d")
        await it.finish()
        assert it.passed == ["a", "d"]
        await it.send("e")
        return await it.end()

    assert scenario(run()) == ["a", "d", "e"]


def test_as_many_are_in_flight_as_the_option_says() -> None:
    async def run() -> list[Any]:
        it = await limited(in_flight=2)
        await it.send("a", "b", "c")
        assert it.passed == ["a", "b"]
        await it.finish()
        await it.send("d", "e")
        return await it.end()

    assert scenario(run()) == ["a", "b", "d"]


def test_a_packet_that_is_dropped_further_down_is_finished_too() -> None:
    async def run() -> list[Any]:
        it = await limited()
        await it.send("silent", "a")
        await it.finish()
        await it.send("b")
        return await it.end()

    assert scenario(run()) == ["silent", "b"]


def test_the_run_ends_whether_it_is_busy_or_at_rest() -> None:
    async def run(finish: bool) -> list[Any]:
        it = await limited(in_queue=1)
        await it.send("a", "b")
        if finish:
            await it.finish(2)
        return await it.end()

    assert scenario(run(True)) == ["a", "b"]
    assert scenario(run(False)) == ["a", "b"]


def test_packets_of_one_timestamp_pass_together_or_not_at_all() -> None:
    text = """
version: 1
inputs: [left, right, finished]
outputs: [left_passed, right_passed]
nodes:
  limiter:
    calculator: FlowLimiterCalculator
    inputs: {streams: [left, right], finished: finished}
    outputs: {passed: [left_passed, right_passed]}
"""
    sent = [
        ("left", 1, "a"),
        ("left", 2, "b"),
        ("right", 1, "A"),  # now 1 is complete, and in flight
        ("right", 2, "B"),  # 2 is complete, and dropped
        ("finished", 1, None),
        ("left", 3, "c"),
        ("right", 4, "D"),  # at 3 there is no packet on the right; 4 is not settled on the left
        ("finished", 3, None),
    ]  # the end of the left stream settles 4
    out = outputs_of(text, sent=sent)
    assert pairs_of(out["left_passed"]) == [(1, "a"), (3, "c")]
    assert pairs_of(out["right_passed"]) == [(1, "A"), (4, "D")]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_in_flight": 0}, "max_in_flight must be 1 or more, not 0"),
        ({"max_in_queue": -1}, "max_in_queue must be 0 or more, not -1"),
    ],
)
def test_limits_that_cannot_be_are_refused(options: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FlowLimiterCalculator(**options)
