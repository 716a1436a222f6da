"""How an engine's process is started."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec


class HostCommand(msgspec.Struct, frozen=True):
    """The program of an engine's process, which is given `--fd N --parent PID` beside its arguments.

    `environment` is added to the server's own.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = {}

    @classmethod
    def module(cls, name: str) -> HostCommand:
        """Runs a module of ours.

        -P: a module of the user's in the working folder must not shadow one of ours.
        """
        return cls((sys.executable, "-P", "-m", name))
