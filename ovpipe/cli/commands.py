"""The commands by name, each imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

NAMES = ("serve", "chat", "models", "keys", "list", "describe", "check", "show", "draw", "schema")
"""In the order of the help. Each is a function or a group of this folder's module of that name."""


class LazyCommands(TyperGroup):
    """A group that imports the module of the command it runs, and no other.

    A server's modules take longer to import than a graph takes to check. The help of the whole group imports
    them all.
    """

    # The contexts' class is one that typer does not name in public.
    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return list(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """The command, or None if there is none of that name."""
        if cmd_name not in NAMES:
            return None
        found = getattr(import_module(f"ovpipe.cli.{cmd_name}"), cmd_name)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            alone = found
        else:
            alone.command(cmd_name)(found)
        command = get_command(alone)
        assert isinstance(command, TyperCommand | TyperGroup)
        return command
