"""Output: tables and sections, with rich on a terminal and as plain lines elsewhere; JSON for tools."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ovpipe.cli.describing.sections import Section


class OutputFormat(enum.StrEnum):
    """For people or for tools."""

    TEXT = "text"
    JSON = "json"


FormatOption: TypeAlias = Annotated[
    OutputFormat, typer.Option("--format", help="For people, or as JSON for tools.")
]


def print_json(value: Any) -> None:
    """Prints a value as JSON; what JSON has no form for, as its text."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows under the names of their columns."""
    rows = list(rows)
    if sys.stdout.isatty():
        table = Table(*columns, box=None, pad_edge=False)
        _fill(table, rows)
        Console(highlight=False).print(table)
    else:
        _echo(_aligned([columns, *rows]))


def print_sections(sections: Iterable[Section]) -> None:
    """Prints headings, each with its rows indented."""
    console = Console(highlight=False) if sys.stdout.isatty() else None
    for number, section in enumerate(sections):
        if number:
            typer.echo()
        if console is None:
            _echo([section.heading, *(f"  {line}".rstrip() for line in _aligned(section.rows))])
            continue
        table = Table.grid(padding=(0, 2))
        _fill(table, section.rows)
        console.print(Text(section.heading, style="bold"))
        console.print(Padding(table, (0, 0, 0, 2)))


def _fill(table: Table, rows: Iterable[Sequence[str]]) -> None:
    for row in rows:
        table.add_row(*map(Text, row))  # no markup: a type may be list[str]


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
