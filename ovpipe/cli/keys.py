"""`ovpipe keys`: makes API keys for a server, lists them, and takes them away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovpipe.serving.security.api_key import NAME, ApiKey, digest_of, new_secret
from ovpipe.serving.security.key_file import add_key, priorities_in, read_keys, remove_key
from ovpipe.serving.security.roles import Role

keys = typer.Typer(no_args_is_help=True, help="The API keys of a server, in a file that has their hashes.")

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Who has the key: its name in logs and limits.")
]
FileOption = Annotated[
    Path,
    typer.Option("--file", metavar="FILE", help="The file of keys, as in `ovpipe serve --api-keys FILE`."),
]
DEFAULT_FILE = Path("api-keys")


@keys.command()
def new(
    name: NameArgument,
    role: Annotated[
        list[Role] | None,
        typer.Option(
            help="What the key may do; may be repeated. An admin may do everything. Default: inference."
        ),
    ] = None,
    priorities: Annotated[
        str | None,
        typer.Option(
            metavar="FIRST..LAST",
            help="The range that its requests may have as `priority`; lower ones go first. Default: any.",
        ),
    ] = None,
    file: FileOption = DEFAULT_FILE,
) -> None:
    """Makes a key, writes its hash into the file, and prints the key: this once."""
    if not NAME.fullmatch(name):
        raise typer.BadParameter("a name has 1 to 64 letters, digits, '.', '_' and '-'", param_hint="NAME")
    secret = new_secret()
    allowed = None if priorities is None else priorities_in(name, priorities)
    add_key(file, ApiKey(name, frozenset(role or (Role.INFERENCE,)), digest_of(secret), allowed))
    typer.echo(
        f"{file} has the hash of this key for {name}. Keep the key: nothing can show it again.", err=True
    )
    typer.echo(secret)


@keys.command("list")
def list_keys(file: FileOption = DEFAULT_FILE) -> None:
    """Prints the name and the roles of each key."""
    for key in read_keys(file):
        typer.echo(f"{key.name}: {', '.join(sorted(key.roles))}")


@keys.command()
def remove(name: NameArgument, file: FileOption = DEFAULT_FILE) -> None:
    """Takes a key out of the file. A server that runs refuses it from the next second on."""
    remove_key(file, name)
