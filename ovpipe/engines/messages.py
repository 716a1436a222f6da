"""What the server's process and the engine's process send each other.

As msgpack, in frames of a 4-byte big-endian length and a body.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, GenerateRequest

# --- messages to the engine's process


class Load(msgspec.Struct, frozen=True, tag=True):
    """The first message: build the core with these options and warm it up. The process knows which core."""

    options: dict[str, Any]


class Add(msgspec.Struct, frozen=True, tag=True):
    """Take a request into the batch from the next step on."""

    request: GenerateRequest


class Cancel(msgspec.Struct, frozen=True, tag=True):
    """Forget a request and free its cache."""

    request: int


class Ack(msgspec.Struct, frozen=True, tag=True):
    """The deltas of this step have reached their runs.

    The engine stays at most one step ahead of the last step acknowledged. So a run that ends itself
    ends within a token or two, and a server that cannot keep up slows its engine down instead of
    queueing without bound.
    """

    step: int


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Asks for a sign of life: the answer is `Pong`, between two steps."""


ToHost = Load | Add | Cancel | Ack | Ping

# --- messages from the engine's process


class Progress(msgspec.Struct, frozen=True, tag=True):
    """Where the load stands. `fraction` None: the length of this phase is not known."""

    phase: Literal["load", "warm_up"]
    detail: str
    fraction: float | None = None


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Loaded and warmed up: requests may come."""

    info: EngineInfo
    clock: int = 0
    """`time.perf_counter_ns` in the engine's process, just before it was sent."""


class Reading(msgspec.Struct, frozen=True, tag=True):
    """The core begins to read this request's prompt. Sent once, before the step that does so."""

    request: int


class Step(msgspec.Struct, frozen=True, tag=True):
    """One step's deltas of all requests. Steps count up from 1 and each is acknowledged."""

    step: int
    deltas: list[Delta]
    stats: EngineStats
    seconds: float = 0.0
    """How long it took."""


class Pong(msgspec.Struct, frozen=True, tag=True):
    """The answer to `Ping`."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """One request cannot be served, or not be carried on; the others do not notice.

    `transient` says that nothing is wrong with the request: it was dropped for want of cache. `failed` says
    that the engine is at fault: a part of it failed over the request.
    """

    request: int
    message: str
    transient: bool = False
    failed: bool = False
    param: str = ""
    """The API's parameter that is wrong, if one is: its path in the request."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The process ends after this message: the load failed, or the core was poisoned in a step.

    `suspects` are the requests that may have poisoned it, where the core knows; `fault` says of each what is
    wrong with it then.
    """

    phase: Literal["load", "warm_up", "step"]
    message: str
    suspects: list[int] = []
    fault: str = "the engine failed over it"


FromHost = Progress | Ready | Reading | Step | Pong | Refused | Failed
