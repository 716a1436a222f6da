"""What goes into a step of the engine's graph, and what comes out of it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta, GenerateRequest


class StepCommands(msgspec.Struct, frozen=True):
    """What came since the last step: requests to take in, and ids of those to forget."""

    add: tuple[GenerateRequest, ...] = ()
    cancel: tuple[int, ...] = ()


Deltas: TypeAlias = tuple[Delta | Refused, ...]
"""What a step brought, for all requests that it brought anything for."""
