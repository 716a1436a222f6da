"""InputSet: where an input policy puts the packets of one call."""

from __future__ import annotations

from typing import Any, Protocol

from ovpipe.ports import Port


class InputSet(Protocol):
    """The packets of one call by port, and their timestamp: a node's context, as policies see it."""

    ts: int

    def __setitem__(self, port: Port[Any], value: Any, /) -> None: ...

    def pop(self, port: Port[Any], default: None, /) -> Any: ...
