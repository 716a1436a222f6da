"""Random graphs under a seeded scheduler: the same packets in whatever order nodes run and packets arrive."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ovpipe.calculator import Calculator, Context
from ovpipe.errors import Abandoned, RunError, StalledError
from ovpipe.graph.plan import NodePlan, Plan, PolicyPlan, StreamPlan
from ovpipe.ports import Input, Output
from ovpipe.runtime import Graph, Run
from ovpipe.runtime.core.consumer import Consumer
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.nodes import node

GRAPHS = 1000
ORDERS = 12
"""Each graph runs so many times, each time in another order."""

Value = tuple[Any, ...]
Packets = list[tuple[int, Value]]
Call = Literal["plain", "async", "suspending", "overlapping"]


@dataclass(frozen=True)
class Knot:
    """One node: the streams it reads by index, and what it does with them.

    Its value at T is made of everything it reads at T and of how many calls it had, so that a call too many,
    too few or out of order changes all that follow. `shift` is how much later than its input it sends; its
    offset is `slack` less than that. After `stop_after` calls it is done with its input.
    """

    reads: tuple[int, ...]
    call: Call = "plain"
    drop: int = 0
    shift: int = 0
    slack: int = 0
    stop_after: int = 0
    batch: int = 1
    loop: bool = False
    """Reads its own last value back, by a delay node and a back edge, and ends by early_close."""
    source: int = 0
    """A source of so many packets; it reads nothing."""


def mixed(place: int, count: int, values: list[Value | None], drop: int) -> Value | None:
    """What a node sends for its n-th input set: everything it read, or nothing now and then."""
    result = crc32(repr((place, count, *values)).encode())
    return None if drop and result % drop == 0 else (place, count, result)


class Lives:
    """How often the nodes of one run were opened and closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []


def calculator_of(place: int, knot: Knot, lives: Lives) -> type[Calculator]:
    """The calculator of a node."""
    inputs: dict[str, Any] = {f"in{index}": Input[Any]() for index in range(len(knot.reads))}
    loop = Input[Any]()
    out = Output[Any]()

    def at_start(self: Any, cx: Context) -> None:
        lives.opened.append(cx.node_name)
        self.count = 0
        self.back = None

    def at_end(self: Any, cx: Context) -> None:
        lives.closed.append(cx.node_name)

    def process(self: Any, cx: Context) -> None:
        count = self.count
        self.count += 1
        compute(self, cx, count)

    def compute(self: Any, cx: Context, count: int) -> None:
        values = [cx.get(port) for port in inputs.values()]
        if knot.loop:
            if loop in cx:
                self.back = cx[loop]
            if not any(port in cx for port in inputs.values()):
                self.count -= 1
                return  # only the loop moved
            values.append(self.back)
        value = mixed(place, count, values, 0 if knot.loop else knot.drop)
        if value is not None:
            cx.send(out, value, at=cx.timestamp + knot.shift if knot.shift else None)
        if knot.stop_after and count + 1 == knot.stop_after:
            cx.done(inputs["in0"])

    async def awaiting(self: Any, cx: Context) -> None:
        count = self.count
        self.count += 1
        if knot.call != "async":
            for _ in range(1 + (place + count) % 3):
                await asyncio.sleep(0)
        if knot.loop:
            self.count -= 1
            process(self, cx)
        else:
            compute(self, cx, count)

    def generate(self: Any, cx: Context) -> Iterator[None]:
        for number in range(knot.source):
            cx.send(out, (place, number), at=number * 2)
            yield

    body: dict[str, Any] = {**inputs, "out": out, "open": at_start, "close": at_end}
    body["timestamp_offset"] = knot.shift - knot.slack
    body["process"] = generate if knot.source else process if knot.call == "plain" else awaiting
    if knot.loop:
        body["loop"] = loop
    return type(f"Mix{place}Calculator", (Calculator,), body)


class DelayCalculator(Calculator):
    """Sends what it gets one timestamp later."""

    timestamp_offset = 1
    inward = Input[Any]()
    outward = Output[Any]()

    def open(self, cx: Context) -> None:
        cx.send(self.outward, None, at=-30)  # before the first packet of any stream, shifted as it may be

    def process(self, cx: Context) -> None:
        cx.send(self.outward, cx[self.inward], at=cx.timestamp + 1)


class UnprimedDelayCalculator(DelayCalculator):
    """Waits for the loop's first packet, which waits for this node's."""

    def open(self, cx: Context) -> None:
        pass


@dataclass(frozen=True)
class Case:
    """A graph, and what is fed to its inputs: the timestamps of each."""

    feed: tuple[tuple[int, ...], ...]
    knots: tuple[Knot, ...]
    max_queue_size: int
    delay: type[DelayCalculator] = DelayCalculator

    def plan(self, lives: Lives) -> Plan:
        """Node i writes stream `inputs + i`; the delays of the loops write streams after those."""
        width = len(self.feed)
        nodes: list[NodePlan] = []
        delays: list[NodePlan] = []
        for place, knot in enumerate(self.knots):
            cls = calculator_of(place, knot, lives)
            reads = [(cls.ports.inputs[f"in{index}"], stream) for index, stream in enumerate(knot.reads)]
            back_edges: frozenset[int] = frozenset()
            policy = PolicyPlan("default", {"batch_size": knot.batch} if knot.batch > 1 else {})
            if knot.loop:
                delayed = width + len(self.knots) + len(delays)
                ports = DelayCalculator.ports
                delays.append(
                    NodePlan(
                        f"delay{place}",
                        self.delay,
                        {},
                        ((ports.inputs["inward"], width + place),),
                        ((ports.outputs["outward"], delayed),),
                        (),
                        (),
                        "random",
                    )
                )
                back_edges = frozenset({len(reads)})
                reads.append((cls.ports.inputs["loop"], delayed))
                policy = PolicyPlan("early_close")
            nodes.append(
                NodePlan(
                    f"n{place}",
                    cls,
                    {},
                    tuple(reads),
                    ((cls.ports.outputs["out"], width + place),),
                    (),
                    (),
                    "random",
                    policy=policy,
                    back_edges=back_edges,
                    max_in_flight=3 if knot.call == "overlapping" else 1,
                    source_layer=place % 2,
                )
            )
        names = [f"s{index}" for index in range(width + len(nodes) + len(delays))]
        return Plan(
            "random",
            "random",
            tuple(StreamPlan(name, None, "random") for name in names),
            tuple(names[:width]),
            tuple(names[width:]),
            (),
            (),
            (*nodes, *delays),
            self.max_queue_size,
        )

    def expected(self) -> list[Packets]:
        """The packets of every input and node, computed one timestamp after the other."""
        streams: list[dict[int, Value]] = [{time: (time,) for time in times} for times in self.feed]
        for place, knot in enumerate(self.knots):
            sent: dict[int, Value] = {number * 2: (place, number) for number in range(knot.source)}
            back: Value | None = None
            for count, time in enumerate(sorted({time for index in knot.reads for time in streams[index]})):
                if knot.stop_after and count == knot.stop_after:
                    break
                values = [streams[index].get(time) for index in knot.reads]
                value = mixed(place, count, [*values, back] if knot.loop else values, knot.drop)
                if value is not None:
                    sent[time + knot.shift] = value
                    back = value
            streams.append(sent)
        return [sorted(stream.items()) for stream in streams]

    def firm(self) -> set[int]:
        """The streams that are read to their end. Of the others a run sends a beginning."""
        width = len(self.feed)
        firm: set[int] = set()
        for stream in reversed(range(width + len(self.knots))):
            readers = [place for place, knot in enumerate(self.knots) if stream in knot.reads]
            if (not readers and stream >= width) or any(
                width + place in firm and not self.knots[place].stop_after for place in readers
            ):
                firm.add(stream)
        return firm


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A graph of chains, fans, joins and loops. No stream has more packets than a queue of 1 may grow to."""
    times = st.lists(st.integers(0, 20), max_size=10, unique=True).map(lambda found: tuple(sorted(found)))
    feed = tuple(draw(st.lists(times, min_size=1, max_size=3)))
    knots: list[Knot] = []
    for place in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["mix", "mix", "mix", "shift", "stop", "batch", "loop", "source"]))
        most = 1 if kind in ("stop", "loop") else 3
        reads = tuple(
            draw(st.lists(st.integers(0, len(feed) + place - 1), min_size=1, max_size=most, unique=True))
        )
        if kind == "source":
            knots.append(Knot((), source=draw(st.integers(1, 8))))
            continue
        knots.append(
            Knot(
                reads,
                call=draw(
                    st.sampled_from(
                        ["plain", "async", "suspending"]
                        + ["overlapping"] * (kind != "stop" and kind != "loop")
                    )
                ),
                drop=0 if kind == "loop" else draw(st.sampled_from([0, 2, 3])),
                shift=draw(st.integers(-3, 3)) if kind == "shift" else 0,
                slack=draw(st.integers(0, 2)) if kind == "shift" else 0,
                stop_after=draw(st.integers(1, 5)) if kind == "stop" else 0,
                batch=draw(st.integers(2, 3)) if kind == "batch" else 1,
                loop=kind == "loop",
            )
        )
    return Case(feed, tuple(knots), draw(st.sampled_from([1, 2, 3, 100])))


class ShuffledReady(deque[Consumer]):
    """A ready list that gives out any of its entries, and looks at all bounds whenever it is asked."""

    def __init__(self, core: Core, seen: list[Packets], rng: random.Random) -> None:
        super().__init__()
        self._core = core
        self._seen = seen
        self._rng = rng
        self._bounds = [stream.bound for stream in core.streams]

    def popleft(self) -> Consumer:
        bounds = [stream.bound for stream in self._core.streams]
        assert all(before <= now for before, now in zip(self._bounds, bounds, strict=True)), "a bound fell"
        for packets, bound in zip(self._seen, bounds, strict=False):
            assert not packets or packets[-1][0] < bound, "a bound is not above the last packet"
        self._bounds = bounds
        self.rotate(self._rng.randrange(len(self)))
        return super().popleft()


def shuffle(run: Run, seen: list[Packets], rng: random.Random) -> None:
    """Lets a run that has yet to start move in an order of its own, in turns of random length."""
    core = run._core
    pump = core.pump
    core.ready = ShuffledReady(core, seen, rng)
    core.pump = lambda budget=0: pump(rng.choice((1, 2, 7, 200)))  # type: ignore[method-assign]  # the seam


async def run_of(case: Case, seed: int) -> list[Packets]:
    """What the streams of inputs and nodes carried in one run."""
    rng = random.Random(seed)
    lives = Lives()
    seen: list[Packets] = [[] for _ in range(len(case.feed) + len(case.knots))]
    async with Graph(case.plan(lives)) as graph, asyncio.timeout(20), graph.run() as run:
        for index, packets in enumerate(seen):
            run.observe(
                f"s{index}",
                lambda packet, packets=packets: packets.append((int(packet.timestamp), packet.value)),  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            )
        shuffle(run, seen, rng)
        await feed(run, case, rng)
    assert sorted(lives.opened) == sorted(f"n{place}" for place in range(len(case.knots)))
    assert sorted(lives.closed) == sorted(lives.opened)
    return seen


async def feed(run: Run, case: Case, rng: random.Random) -> None:
    """Sends every input's packets in their order, and otherwise in any; closes inputs at any time after."""
    left = {index: deque(times) for index, times in enumerate(case.feed)}
    while left:
        index = rng.choice(list(left))
        with suppress(Abandoned):  # nobody needs the rest
            if left[index]:
                time = left[index].popleft()
                await run.send(f"s{index}", (time,), at=time)
            else:
                del left[index]
                if rng.random() < 0.5:
                    run.close_input(f"s{index}")
        for _ in range(rng.choice((0, 0, 1, 3))):
            await asyncio.sleep(0)


@pytest.mark.slow
@settings(max_examples=GRAPHS, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases(), st.integers(0, 2**32))
def test_the_order_in_which_nodes_run_and_packets_arrive_changes_nothing(case: Case, seed: int) -> None:
    """Same outputs, ascending, nothing lost or twice, no bound falls, each node opened and closed once."""
    expected, firm = case.expected(), case.firm()

    async def scenario() -> None:
        for order in range(ORDERS):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(node, "DRAIN_LIMIT", random.Random(seed + order).choice((1, 2, 16)))
                seen = await run_of(case, seed + order)
            for index, packets in enumerate(seen):
                if index in firm:
                    assert packets == expected[index], f"s{index}"
                else:
                    assert packets == expected[index][: len(packets)], f"s{index}"

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_loop_that_nobody_primes_is_reported_in_any_order() -> None:
    """The run ends by itself, and says what waits for what."""
    knots = (Knot((0,)), Knot((1,), call="async", loop=True), Knot((2,)), Knot((0, 3)))
    case = Case(((0, 3, 5, 6),), knots, 2, UnprimedDelayCalculator)

    async def scenario() -> None:
        for seed in range(500):
            with pytest.raises(
                RunError, match="node 'n1' .* waits for input 'loop': node 'delay1'"
            ) as caught:
                await run_of(case, seed)
            assert isinstance(caught.value.__cause__, StalledError)

    asyncio.run(scenario())
