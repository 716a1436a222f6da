"""Numbers 5 to 10: what a stream takes, and how its bound moves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import RunError, TimestampError
from ovpipe.graph.plan import Plan
from ovpipe.ports import Input, Output, SideInput
from ovpipe.timestamp import Timestamp
from tests.conformance.graphs import PairCalculator, PassCalculator, running
from tests.runtime.plans import node, plan

PASS = plan(node("pass", PassCalculator, {"inward": "in"}, {"outward": "out"}), inputs=("in",))


def test_05_a_packet_before_the_bound_is_an_error() -> None:
    """Packets at 20, then 10: error "minimum expected timestamp is 21 but received 10"."""

    async def scenario() -> None:
        async with running(PASS) as (run, _):
            await run.send("in", "a", at=20)
            with pytest.raises(TimestampError, match="minimum expected timestamp is 21 but received 10"):
                await run.send("in", "b", at=10)

    asyncio.run(scenario())


IMPOSSIBLE = [Timestamp.UNSET, Timestamp.UNSTARTED, Timestamp.ONE_OVER_POST_STREAM, Timestamp.DONE]


@pytest.mark.parametrize("at", IMPOSSIBLE, ids=str)
def test_06_no_packet_is_at_a_timestamp_outside_the_stream(at: Timestamp) -> None:
    """A packet at Unset, Unstarted, OneOverPostStream or Done: error."""

    async def scenario() -> None:
        async with running(PASS) as (run, _):
            with pytest.raises(TimestampError, match=f"stream 'in': no packet can have timestamp {at}"):
                await run.send("in", "a", at=at)

    asyncio.run(scenario())


class SendAtCalculator(Calculator):
    """Sends a packet for each input, where it is told to."""

    at = Input[Timestamp]()
    out = Output[str]()

    def process(self, cx: Context) -> None:
        cx.send(self.out, "packet", at=cx[self.at])


@pytest.mark.parametrize("at", IMPOSSIBLE, ids=str)
def test_06_no_node_sends_at_a_timestamp_outside_the_stream(at: Timestamp) -> None:
    """A packet at Unset, Unstarted, OneOverPostStream or Done: error, of a node too."""
    graph = plan(node("send", SendAtCalculator, {"at": "in"}, {"out": "out"}), inputs=("in",))

    async def scenario() -> None:
        async with running(graph) as (run, _):
            await run.send("in", at)

    with pytest.raises(RunError, match=f"stream 'out': no packet can have timestamp {at}"):
        asyncio.run(scenario())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Timestamp.PRE_STREAM, Timestamp.PRE_STREAM),
        (Timestamp.PRE_STREAM, Timestamp(0)),
        (Timestamp.PRE_STREAM, Timestamp.POST_STREAM),
        (Timestamp(0), Timestamp.POST_STREAM),
        (Timestamp.MAX, Timestamp.POST_STREAM),
        (Timestamp.POST_STREAM, Timestamp.POST_STREAM),
    ],
    ids=str,
)
def test_07_a_packet_before_or_after_the_stream_is_its_only_one(first: Timestamp, second: Timestamp) -> None:
    """Any packet after PreStream, or PostStream after any packet: error."""

    async def from_outside() -> None:
        async with running(PASS) as (run, _):
            await run.send("in", "a", at=first)
            with pytest.raises(TimestampError, match="stream 'in'"):
                await run.send("in", "b", at=second)

    async def from_a_node() -> None:
        graph = plan(node("send", SendAtCalculator, {"at": "in"}, {"out": "out"}), inputs=("in",))
        async with running(graph) as (run, _):
            await run.send("in", first)
            await run.send("in", second)

    asyncio.run(from_outside())
    with pytest.raises(RunError, match="stream 'out'"):
        asyncio.run(from_a_node())


@pytest.mark.parametrize("at", [Timestamp.PRE_STREAM, Timestamp.POST_STREAM], ids=str)
def test_07_a_packet_before_or_after_the_stream_passes_alone(at: Timestamp) -> None:
    """A packet at PreStream or PostStream is a stream's only one, and passes through nodes like any other."""

    async def scenario() -> Any:
        async with running(PASS, "out") as (run, seen):
            await run.send("in", "alone", at=at)
        return seen

    assert asyncio.run(scenario()) == [(at, "alone")]


def test_07_a_join_does_not_go_on_after_the_stream_where_it_has_sent_before() -> None:
    """PostStream after any packet: error, also where the timestamp is the input's."""
    graph = plan(
        node("pair", PairCalculator, {"left": "a", "right": "b"}, {"pair": "out"}), inputs=("a", "b")
    )

    async def scenario() -> None:
        async with running(graph) as (run, _):
            await run.send("a", "first", at=0)
            await run.send("b", "after the stream", at=Timestamp.POST_STREAM)

    with pytest.raises(RunError, match="at POST_STREAM must be the only one of its stream"):
        asyncio.run(scenario())


def test_08_a_bound_never_falls() -> None:
    """Queue {10, 20}, bound 50, then bound 40: error; packet at 30: error."""
    graph = plan(
        node("pair", PairCalculator, {"left": "in", "right": "other"}, {"pair": "out"}),
        inputs=("in", "other"),
    )

    async def scenario() -> Any:
        async with running(graph, "out") as (run, seen):
            await run.send("in", "a", at=10)
            await run.send("in", "b", at=20)
            run.set_bound("in", 50)
            with pytest.raises(TimestampError, match="its bound is 50 .* but received 40"):
                run.set_bound("in", 40)
            with pytest.raises(TimestampError, match="minimum expected timestamp is 50 but received 30"):
                await run.send("in", "c", at=30)
            run.set_bound("in", 50)
        return seen

    assert asyncio.run(scenario()) == [(10, ("a", None)), (20, ("b", None))]


@pytest.mark.parametrize("bound", [Timestamp.ONE_OVER_POST_STREAM, Timestamp.DONE, Timestamp.UNSET], ids=str)
def test_08_a_bound_is_a_timestamp_of_the_stream(bound: Timestamp) -> None:
    """A bound outside the stream: error. What ends an input is close_input."""

    async def scenario() -> None:
        async with running(PASS) as (run, _):
            with pytest.raises(TimestampError, match="close_input ends it"):
                run.set_bound("in", bound)

    asyncio.run(scenario())


def test_09_a_bound_matters_only_where_no_packet_waits() -> None:
    """Bound raised on a non-empty queue: consumer not notified; on an empty one: notified.

    Difference: the consumer is woken by both, and finds nothing to do for the first.
    """
    graph = plan(
        node("pair", PairCalculator, {"left": "a", "right": "b"}, {"pair": "out"}), inputs=("a", "b")
    )

    async def scenario() -> None:
        async with running(graph, "out") as (run, seen):
            await run.send("a", "first", at=10)
            run.set_bound("a", 100)  # a packet waits there
            assert seen == []
            run.set_bound("b", 10)  # 10 itself is not settled
            assert seen == []
            run.set_bound("b", 11)
            assert seen == [(10, ("first", None))]

    asyncio.run(scenario())


class SilentCalculator(Calculator):
    """Sends nothing."""

    inward = Input[Any]()
    outward = Output[Any]()


class TenBackCalculator(SilentCalculator):
    timestamp_offset = -10


class FarAheadCalculator(SilentCalculator):
    timestamp_offset = 100


class UntoldCalculator(SilentCalculator):
    timestamp_offset = None


class BoundCalculator(Calculator):
    """Notes how far its input is settled, whenever that moves, and that it has ended."""

    process_timestamp_bounds = True
    log = SideInput[list[Any]]()
    inward = Input[Any]()

    def process(self, cx: Context) -> None:
        cx[self.log].append(cx.bound(self.inward))

    def close(self, cx: Context) -> None:
        cx[self.log].append("closed")


def below(silent: type[Calculator]) -> Plan:
    """A node that sends nothing, and one below that notes its bounds."""
    return plan(
        node("silent", silent, {"inward": "in"}, {"outward": "nothing"}),
        node("bound", BoundCalculator, {"inward": "nothing"}, side={"log": "log"}),
        inputs=("in",),
    )


async def bounds_after(silent: type[Calculator], at: int | None) -> list[Any]:
    """The bounds seen below a silent node before its inputs end."""
    log: list[Any] = []
    async with running(below(silent), log=log) as (run, _):
        run.start()
        if at is not None:
            await run.send("in", 1, at=at)
        return list(log)
    raise AssertionError


@pytest.mark.parametrize(
    ("silent", "at", "bounds"),
    [
        (SilentCalculator, None, []),
        (SilentCalculator, 0, [1]),
        (SilentCalculator, Timestamp.MAX - 1, [Timestamp.MAX]),
        (TenBackCalculator, 0, [-9]),
        (FarAheadCalculator, 0, [101]),
        (FarAheadCalculator, Timestamp.MAX - 50, [Timestamp.MAX]),
        (UntoldCalculator, 0, []),
    ],
)
def test_10_what_a_node_that_sends_nothing_settles(
    silent: type[Calculator], at: int | None, bounds: list[Any]
) -> None:
    """Offset 0, no output: input 0 gives bound 1; open gives none. Offset -10, input 0: -9."""
    assert asyncio.run(bounds_after(silent, at)) == bounds


@pytest.mark.parametrize("at", [Timestamp.PRE_STREAM, Timestamp.MAX, Timestamp.POST_STREAM], ids=str)
@pytest.mark.parametrize("silent", [SilentCalculator, TenBackCalculator, UntoldCalculator])
def test_10_after_the_last_timestamp_a_stream_is_over(at: Timestamp, silent: type[Calculator]) -> None:
    """PreStream gives Min; Max gives PostStream; PostStream gives OneOverPostStream.

    Difference: nothing can follow these in the input (number 2), so the node closes at once, and its
    output is done.
    """
    assert asyncio.run(bounds_after(silent, at)) == ["closed"]
