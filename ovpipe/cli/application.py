"""`ovpipe`: all commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from ovpipe.cli.commands import LazyCommands


def application() -> typer.Typer:
    """All commands."""
    app = typer.Typer(
        name="ovpipe",
        cls=LazyCommands,
        help="Serves language models through dataflow graphs that fit on a page of YAML.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ovpipe {version('ovpipe')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Serves language models through dataflow graphs that fit on a page of YAML."""
