"""EngineCore: what a backend of the engine implements. Four calls, no threads, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, GenerateRequest


class EngineCore(Protocol):
    """A backend: adds and cancels come between steps; one step moves every running request on.

    `add` raises `RequestRefused` when this request alone cannot be served. `cancel` of an unknown id
    does nothing. Any exception from `step` means that the core is poisoned: its requests are lost and
    its process is replaced. A core with no requests may still be stepped; it then settles its cache.
    A `Refused` among a step's outcomes is the last word on a request that could not be carried on.
    """

    @property
    def info(self) -> EngineInfo: ...

    def add(self, request: GenerateRequest) -> None: ...

    def cancel(self, request_id: int) -> None: ...

    def step(self) -> Sequence[Delta | Refused]: ...

    def stats(self) -> EngineStats: ...
