"""`ovpipe models`: bring models to this machine, see what there is, and take it away."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ovpipe.cli.sizes import size
from ovpipe.model_store.names import REPOSITORY, checked_name, name_of
from ovpipe.model_store.store import ModelStore

models = typer.Typer(
    no_args_is_help=True, help="The models of this machine, each with a name to serve it by."
)

NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call it. Default: after the source.")
]


@models.command()
def pull(
    repository: Annotated[
        str, typer.Argument(metavar="OWNER/NAME", help="A repository of Hugging Face's hub.")
    ],
    name: NameOption = None,
    revision: Annotated[
        str | None, typer.Option(metavar="REVISION", help="A branch, tag or commit. Default: main.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The GGUF file, where the repository has several.")
    ] = None,
) -> None:
    """Downloads a model, so that `ovpipe serve NAME` serves it.

    HF_TOKEN, HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to Hugging Face's own programs.
    """
    if not REPOSITORY.fullmatch(repository):
        raise typer.BadParameter(
            f"{repository!r} is no repository; one has the form OWNER/NAME", param_hint="OWNER/NAME"
        )
    # A second of imports that no other command needs.
    from ovpipe.cli.pulling import pull_model

    name = checked_name(name or name_of(repository))
    model = pull_model(ModelStore.of_user(os.environ), repository, name, revision, file)
    typer.echo(f"{model.name}: {size(model.bytes)} in {model.folder}")
    typer.echo(f"ovpipe serve {model.name}")


@models.command("list")
def list_models() -> None:
    """Lists the models, with their sizes and where they came from."""
    store = ModelStore.of_user(os.environ)
    names = store.names()
    if not names:
        typer.echo(f"no models in {store.root}; `ovpipe models pull OWNER/NAME` brings one")
        return
    table = Table("name", "weights", "size", "from", box=None, pad_edge=False)
    for model in map(store.get, names):
        table.add_row(model.name, model.weights, size(model.bytes), str(model.origin))
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, width=width, soft_wrap=True).print(table)


@models.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="The models to take away.")],
) -> None:
    """Takes models away. What the hub's cache holds stays there: `hf cache` shows and clears it."""
    store = ModelStore.of_user(os.environ)
    for name in names:
        store.remove(name)
        typer.echo(f"{name}: removed")
