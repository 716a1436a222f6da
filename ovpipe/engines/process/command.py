"""How an engine's process is started."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

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

    def with_calculators(self, folders: Iterable[Path]) -> HostCommand:
        """The same for a program that runs a graph, with the folders of a project's own calculators."""
        found = [text for folder in folders for text in ("--calculators", str(folder))]
        return msgspec.structs.replace(self, arguments=(*self.arguments, *found))
