"""Resources: the nodes without streams, opened once with their graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ovpipe.errors import PortError, RunError, did_you_mean
from ovpipe.graph.plan import NodePlan
from ovpipe.metering import Meter
from ovpipe.ports import Port, SideOutput
from ovpipe.runtime.core.failure import run_error
from ovpipe.runtime.nodes.context import missing_value
from ovpipe.timestamp import UNSTARTED, Timestamp
from ovpipe.work import Work

ReportProgress = Callable[[str, str, float | None], None]
"""Called with the node's name, a message and the part done, None where it is not known."""


class ResourceContext(dict[Port[Any], Any]):
    """The context of a node without streams; see `ovpipe.calculator.Context`."""

    def __init__(
        self,
        plan: NodePlan,
        side_packets: dict[str, Any],
        progress: ReportProgress | None,
        calculator_folders: Sequence[Path] = (),
    ) -> None:
        super().__init__(
            {port: side_packets[name] for port, name in plan.side_inputs if name in side_packets}
        )
        self._plan = plan
        self._progress = progress
        self.calculator_folders = calculator_folders
        self.made: dict[str, Any] = {}

    def __missing__(self, port: Port[Any]) -> Any:
        raise missing_value(port, self._plan.name, self._plan.calculator.ports, "")

    @property
    def timestamp(self) -> Timestamp:
        return Timestamp.UNSTARTED

    @property
    def node_name(self) -> str:
        return self._plan.name

    @property
    def aborted(self) -> bool:
        return False

    def set_side(self, port: SideOutput[Any], value: Any) -> None:
        if port not in self._plan.calculator.ports.side_outputs.values():
            ports = self._plan.calculator.ports.side_outputs
            raise PortError(f"{self.node_name} has no side output {port}: {did_you_mean(port.name, ports)}")
        name = dict(self._plan.side_outputs).get(port, "")
        if name in self.made:
            raise PortError(f"{self.node_name}: side packet {name!r} was set twice")
        if name:
            self.made[name] = value

    def progress(self, message: str, fraction: float | None = None) -> None:
        if self._progress is not None:
            self._progress(self.node_name, message, fraction)

    def send(self, port: Port[Any], value: Any, at: int | None = None) -> None:
        raise self._has_no_streams()

    def each(self, port: Any) -> Any:
        raise self._has_no_streams()

    def set_bound(self, port: Port[Any], bound: int) -> None:
        raise self._has_no_streams()

    def bound(self, port: Port[Any]) -> Timestamp:
        raise self._has_no_streams()

    async def drain(self) -> None:
        raise self._has_no_streams()

    def follow_progress(self, count: Callable[[], int]) -> None:
        raise self._has_no_streams()

    def work_listener(self) -> Callable[[Work], None] | None:
        raise self._has_no_streams()

    def meter(self) -> Meter | None:
        raise self._has_no_streams()

    def done(self, port: Port[Any], key: Any = None) -> None:
        raise self._has_no_streams()

    def done_keys(self, port: Port[Any]) -> Any:
        raise self._has_no_streams()

    def stop(self) -> None:
        raise self._has_no_streams()

    def _has_no_streams(self) -> PortError:
        return PortError(f"{self.node_name} has no streams; it makes side packets: cx.set_side(port, value)")


def resource_failure(plan: NodePlan, phase: str, error: BaseException) -> RunError:
    """The error of a call of a node without streams."""
    said = str(error) if isinstance(error, Exception) and str(error) else f"{type(error).__name__}: {error}"
    message = f"{plan.place}: node {plan.name!r} ({plan.calculator.__name__}) failed in {phase}: {said}"
    return run_error(message, plan.name, phase, UNSTARTED, plan.place, error)
