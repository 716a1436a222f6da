"""Contexts: what calculators are given, cheap enough to be used at every hop."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ovpipe.calculator import Calculator
from ovpipe.errors import EmptyInputError, PortError, did_you_mean
from ovpipe.metering import Meter
from ovpipe.ports import Input, Output, Port, SideInput, SideOutput
from ovpipe.runtime.core.core import Core
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.core.stream import Stream
from ovpipe.runtime.nodes.node_blueprint import NodeBlueprint
from ovpipe.timestamp import FIRST_ORDINARY, LAST_ORDINARY, UNSET, Timestamp, raw_timestamp
from ovpipe.work import Work

NO_KEYS: frozenset[Hashable] = frozenset()


class ContextNode(Protocol):
    """What a context needs of its node."""

    name: str
    calculator: Calculator
    core: Core
    inputs: list[InputQueue]
    plan: NodeBlueprint

    @property
    def place(self) -> str:
        """file:line of the node in its graph."""

    async def drained(self) -> None:
        """`cx.drain`."""

    def follow_progress(self, count: Callable[[], int]) -> None:
        """`cx.follow_progress`."""

    def done(self, port: Input[Any]) -> bool:
        """`cx.done` of a whole input; returns whether the input is wired."""

    def done_with(self, port: Input[Any], key: Hashable) -> bool:
        """`cx.done` of a key; returns whether the input is wired."""

    def stop(self) -> None:
        """`cx.stop`."""


class NodeContext(dict[Port[Any], Any]):
    """The context of a node with streams; see `ovpipe.calculator.Context` for its promises.

    A dict from port to value, so that `cx[port]` and `port in cx` are single C lookups. One per node and
    run; the values are replaced from packet to packet. `ts` is raw: UNSTARTED in open, UNSET in close.
    """

    __slots__ = ("node", "outs", "ts")

    node: ContextNode
    outs: OutputStreams
    ts: int

    def __missing__(self, port: Port[Any]) -> NoReturn:
        raise missing_value(port, self.node.name, self.node.calculator.ports, f" at {self.timestamp}")

    @property
    def timestamp(self) -> Timestamp:
        return Timestamp.DONE if self.ts == UNSET else Timestamp.of_raw(self.ts)

    @property
    def node_name(self) -> str:
        return self.node.name

    @property
    def aborted(self) -> bool:
        return self.node.core.stopping

    def send(self, port: Output[Any], value: Any, at: int | None = None) -> None:
        stream = self.outs[port]
        if at is not None:
            stream.put(at if type(at) is int else raw_timestamp(at, f"{port}, at="), value)
            return
        ts = self.ts
        if ts < stream.bound:
            ts = stream.late(ts)
        if FIRST_ORDINARY <= ts < LAST_ORDINARY:
            stream.bound = ts + 1
            stream.append((ts, value))
        else:
            stream.put(ts, value)

    def each(self, port: Any) -> Sequence[Any]:
        try:
            return self.node.plan.elements[port]
        except KeyError:
            ports = self.node.calculator.ports
            if port in ports.repeated_inputs.values() or port in ports.repeated_outputs.values():
                return ()  # not wired
            raise PortError(f"{self.node.name} has no repeated port {port}") from None

    def set_bound(self, port: Output[Any], bound: int) -> None:
        stream = self.outs[port]
        stream.bound = max(stream.bound, raw_timestamp(bound, f"the bound of {port}"))

    def bound(self, port: Input[Any]) -> Timestamp:
        for entry in self.node.inputs:
            if entry.port is port:
                return Timestamp.of_raw(entry.bound())
        if port not in self.node.calculator.ports.inputs.values():
            raise PortError(f"{self.node.name} has no input {port}")
        return Timestamp.DONE

    async def drain(self) -> None:
        await self.node.drained()

    def follow_progress(self, count: Callable[[], int]) -> None:
        self.node.follow_progress(count)

    def work_listener(self) -> Callable[[Work], None] | None:
        watch = self.node.core.watch
        return None if watch is None else watch.work_listener()

    def meter(self) -> Meter | None:
        return self.node.core.meter

    def done(self, port: Input[Any], key: Hashable = None) -> None:
        known = self.node.done(port) if key is None else self.node.done_with(port, key)
        if not known and port not in self.node.calculator.ports.inputs.values():
            raise PortError(f"{self.node.name} has no input {port}")

    def done_keys(self, port: Output[Any]) -> Set[Hashable]:
        keys = self.outs[port].keys
        return NO_KEYS if keys is None else keys.done

    def stop(self) -> None:
        self.node.stop()

    def set_side(self, port: SideOutput[Any], value: Any) -> None:
        raise PortError(f"{self.node.name} has streams; a side packet is set by a calculator without any")

    @property
    def calculator_folders(self) -> Sequence[Path]:
        raise PortError(f"{self.node.name} has streams; graphs are run elsewhere by a calculator without any")

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Runs are not opened by anybody who waits for them to load, so there is nobody to tell."""


class AsyncContext(NodeContext):
    """The context of an async node: what it sends is seen at once, by the nodes below within the call."""

    __slots__ = ()

    def send(self, port: Output[Any], value: Any, at: int | None = None) -> None:
        super().send(port, value, at)
        self.node.core.deliver(self.outs[port])

    def set_bound(self, port: Output[Any], bound: int) -> None:
        super().set_bound(port, bound)
        self.node.core.deliver(self.outs[port])


class OutputStreams(dict[Port[Any], Stream]):
    """A node's streams by output port."""

    __slots__ = ("node",)

    node: ContextNode

    def __missing__(self, port: Port[Any]) -> NoReturn:
        outputs = self.node.calculator.ports.outputs
        if isinstance(port, str):
            remedy = f"write cx.send(self.{port}, ...)" if port in outputs else did_you_mean(port, outputs)
            raise PortError(
                f"{self.node.name}: an output is the port itself, not its name {port!r}; {remedy}"
            )
        raise PortError(f"{self.node.name} has no output {port}: {did_you_mean(port.name, outputs)}")


def missing_value(port: Any, node: str, ports: Any, when: str) -> Exception:
    """The error for `cx[port]` without a value."""
    if isinstance(port, Input) and port in ports.inputs.values():
        return EmptyInputError(
            f"{node}: input {port.name!r} is empty{when}; ask `port in cx` first, or use cx.get(port)"
        )
    if isinstance(port, SideInput) and port in ports.side_inputs.values():
        return EmptyInputError(
            f"{node}: side input {port.name!r} is not wired, or its side packet was not given; "
            "use cx.get(port)"
        )
    if isinstance(port, str):
        known = [*ports.inputs, *ports.side_inputs]
        remedy = f"write cx[self.{port}]" if port in known else did_you_mean(port, known)
        return PortError(f"{node}: an input is the port itself, not its name {port!r}; {remedy}")
    return PortError(
        f"{node} has no input {getattr(port, 'name', port)!r}: "
        f"{did_you_mean(getattr(port, 'name', str(port)), [*ports.inputs, *ports.side_inputs])}"
    )
