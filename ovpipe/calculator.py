"""Calculator: what an author writes; Context: what a calculator gets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Protocol, TypeVar, overload

from ovpipe.errors import DeclarationError
from ovpipe.metering import Meter
from ovpipe.ports import (
    Input,
    Output,
    PortSet,
    RepeatedInput,
    RepeatedOutput,
    SideInput,
    SideOutput,
    ports_of,
)
from ovpipe.timestamp import Timestamp
from ovpipe.work import Work

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UsedGraph:
    """A graph that a calculator has run elsewhere: in a process of its own, say."""

    name: str
    """A file, relative to the working folder, or the name of a graph that ships with ovpipe."""
    parameters: Mapping[str, Any]
    """Those that are known before the calculator opens."""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    side_outputs: tuple[str, ...] = ()


class Context(Protocol):
    """One node's view of its run, valid during a call of open, process or close. Do not keep it."""

    @property
    def timestamp(self) -> Timestamp:
        """The timestamp of the inputs in `process`; UNSTARTED in `open`, DONE in `close`."""

    @property
    def node_name(self) -> str:
        """The node's name in its graph."""

    @property
    def aborted(self) -> bool:
        """Whether the run has failed or was cancelled: what `close` sends then is dropped."""

    @overload
    def __getitem__(self, port: Input[T], /) -> T: ...
    @overload
    def __getitem__(self, port: SideInput[T], /) -> T: ...
    def __getitem__(self, port: Input[T] | SideInput[T], /) -> T:
        """The value of an input or side input; raises EmptyInputError when there is none."""

    @overload
    def get(self, port: Input[T], /) -> T | None: ...
    @overload
    def get(self, port: SideInput[T], /) -> T | None: ...
    def get(self, port: Input[T] | SideInput[T], /) -> T | None:
        """The value, or None when there is none."""

    def __contains__(self, port: object, /) -> bool:
        """Whether that input has a packet at this timestamp, or that side input a value."""

    def send(self, port: Output[T], value: T, at: int | None = None) -> None:
        """Puts a packet on an output stream: at the input's timestamp unless `at` says otherwise.

        Raises TimestampError when the stream is already past that timestamp, and Abandoned when
        every consumer of the stream is done.
        """

    @overload
    def each(self, port: RepeatedInput[T], /) -> Sequence[Input[T]]: ...
    @overload
    def each(self, port: RepeatedOutput[T], /) -> Sequence[Output[T]]: ...
    def each(self, port: RepeatedInput[T] | RepeatedOutput[T], /) -> Sequence[Input[T]] | Sequence[Output[T]]:
        """The inputs or outputs behind a repeated port, in the order of the graph."""

    def set_bound(self, port: Output[T], bound: int) -> None:
        """Promises that nothing earlier than `bound` will be sent, so that joins below need not wait."""

    def bound(self, port: Input[T]) -> Timestamp:
        """The smallest timestamp at which this input may still bring a packet; DONE when it is over.

        It is for calculators whose inputs advance independently; with the default policy, `process` runs
        when all are settled.
        """

    async def drain(self) -> None:
        """Waits until no output's queue is full, as asyncio's StreamWriter does.

        Raises Abandoned when every consumer of an output is done.
        """

    def follow_progress(self, count: Callable[[], int]) -> None:
        """Says what the calls of this node wait for outside the run, such as an engine.

        While one of them is under way and does not wait for room, the run counts as moving whenever `count`
        changes. Otherwise a run in which no packet moves for long is taken for one that hangs.
        """

    def work_listener(self) -> Callable[[Work], None] | None:
        """What wants to know of work that is done for this run outside of it; None while nothing does.

        A trace of the run does. Ask before the work begins, so that nobody measures it for nothing.
        """

    def meter(self) -> Meter | None:
        """What counts the texts that this run has an engine generate; None where nobody does.

        A server does, for its metrics and its log.
        """

    def done(self, port: Input[T], key: Hashable = None) -> None:
        """Says that this node needs no more of the stream. Waiting packets are dropped, and no more come.

        When every consumer of a stream is done, its producer's next send or drain raises Abandoned.
        A `key` limits this to some packets, for example those of one choice; producer and consumer agree on
        its meaning. Such packets may still come; the producer may skip them, see `done_keys`.
        """

    def done_keys(self, port: Output[T]) -> Set[Hashable]:
        """The keys of an output with which every consumer is done.

        When no output of a node needs a key any longer, the node says the same to its own inputs.
        """

    def stop(self) -> None:
        """Says that this source has no more packets. A `process` that is a generator returns instead."""

    def set_side(self, port: SideOutput[T], value: T) -> None:
        """Sets a side packet, once, in `open` of a calculator without streams."""

    @property
    def calculator_folders(self) -> Sequence[Path]:
        """The folders of a project's own calculators, for a node without streams that has a graph run
        elsewhere; see `Calculator.used_graphs`.
        """

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Reports to the code that opens the graph how far long work is; `fraction` None: not known."""


class Calculator:
    """A node's behaviour: typed ports as class constants, options as keyword arguments of `__init__`.

    Construction is cheap and pure: every run builds its calculators afresh, and a graph builds each once
    to check its options. `open` runs once before the first packet, `process` at each input timestamp,
    `close` exactly once after a successful `open`. Each is plain or async; plain ones run on the event
    loop and must not block. A calculator without streams opens once with its graph and closes with it.
    """

    ports: ClassVar[PortSet] = ports_of(object)
    timestamp_offset: ClassVar[int | None] = 0
    """`process` at T settles the outputs through T + offset; None: only `send` and `set_bound` do."""
    input_policy: ClassVar[str | Mapping[str, Any]] = "default"
    """How packets of several inputs are combined, written as in a graph's YAML, which overrides it."""
    process_timestamp_bounds: ClassVar[bool] = False
    """Whether `process` also runs where inputs are only settled, with no packet on any."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.ports = ports_of(cls)
        if type(cls.timestamp_offset) not in (int, NoneType):
            raise DeclarationError(
                f"{cls.__name__}.timestamp_offset is an integer or None, not {cls.timestamp_offset!r}"
            )

    @classmethod
    def used_graphs(cls, options: Mapping[str, Any]) -> Sequence[UsedGraph]:
        """The graphs that a calculator with these options has run elsewhere; they are checked with its own.

        Options whose values are not known yet are not among `options`, and any may be wrong.
        """
        return ()

    def open(self, cx: Context) -> Awaitable[None] | None:
        """Called once, before anything else; inputs are empty."""
        return None

    def process(self, cx: Context) -> Awaitable[None] | Iterator[None] | AsyncIterator[None] | None:
        """Called at each timestamp at which every input is settled and at least one has a packet.

        The `process` of a source, a node without inputs, is called again and again until it calls
        `cx.stop()`. Or it is a generator, which yields between packets and returns at the end.
        """
        return None

    def close(self, cx: Context) -> Awaitable[None] | None:
        """Called once at the end. What it sends is dropped when the run failed or was cancelled."""
        return None
