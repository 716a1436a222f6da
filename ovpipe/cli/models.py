"""`ovpipe models`: bring models to this machine, see what there is, and take it away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from ovpipe.cli.model_list import print_models
from ovpipe.cli.output import FormatOption, OutputFormat
from ovpipe.cli.sizes import size
from ovpipe.model_store.imports import ImportOptions
from ovpipe.model_store.names import REPOSITORY, checked_name, name_of
from ovpipe.model_store.store import ModelStore
from ovpipe.model_store.stored_model import StoredModel

if TYPE_CHECKING:
    from ovpipe.modelling.storage import WeightsChoice

models = typer.Typer(
    no_args_is_help=True, help="The models of this machine, each with a name to serve it by."
)

NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What to call it. Default: after the source.")
]


WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="int8|int4|f16|f32|as-is",
        help="How to store weights. Default: int8.",
    ),
]
AdaptersOption = Annotated[
    bool, typer.Option("--adapters", help="Keep projections apart, for LoRA adapters; a little slower.")
]
LongContextOption = Annotated[
    bool,
    typer.Option(
        "--long-context", help="Build a model with a longrope for all of its context, not for the original."
    ),
]


@models.command()
def pull(
    repository: Annotated[
        str, typer.Argument(metavar="OWNER/NAME", help="A repository of Hugging Face's hub.")
    ],
    name: NameOption = None,
    weights: WeightsOption = None,
    adapters: AdaptersOption = False,
    long_context: LongContextOption = False,
    revision: Annotated[
        str | None, typer.Option(metavar="REVISION", help="A branch, tag or commit. Default: main.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(metavar="FILE", help="The GGUF file, where the repository has several.")
    ] = None,
) -> None:
    """Downloads a model, so that `ovpipe serve NAME` serves it.

    One that is not in OpenVINO's format is imported, as `ovpipe models import` does it.
    HF_TOKEN, HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to Hugging Face's own programs.
    """
    if not REPOSITORY.fullmatch(repository):
        raise typer.BadParameter(
            f"{repository!r} is no repository; one has the form OWNER/NAME", param_hint="OWNER/NAME"
        )
    # A second of imports that no other command needs.
    from ovpipe.cli.pulling import pull_model

    name = checked_name(name or name_of(repository))
    options = import_options(weights, adapters=adapters, long_context=long_context)
    store = ModelStore.of_user(os.environ)
    _say(pull_model(store, repository, name, revision, file, options))


@models.command("import")
def import_model(
    source: Annotated[
        Path,
        typer.Argument(metavar="FOLDER|FILE.gguf", help="A folder of Hugging Face's form, or a GGUF file."),
    ],
    name: NameOption = None,
    weights: WeightsOption = None,
    adapters: AdaptersOption = False,
    long_context: LongContextOption = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write this folder, and no name in the store."),
    ] = None,
) -> None:
    """Makes a model that ovpipe and openvino-genai serve of safetensors or GGUF, without torch."""
    if name is not None and output is not None:
        raise typer.BadParameter("a folder has no name in the store; leave out --name or -o")
    from ovpipe.cli.importing import imported_model, write_import

    options = import_options(weights, adapters=adapters, long_context=long_context)
    if output is not None:
        write_import(source, options, output)
        typer.echo(f"ovpipe serve {output}")
        return
    _say(imported_model(ModelStore.of_user(os.environ), source, options, name and checked_name(name)))


@models.command("list")
def list_models(format: FormatOption = OutputFormat.TEXT) -> None:
    """Lists the models, with their sizes and where they came from."""
    print_models(ModelStore.of_user(os.environ), format)


@models.command()
def check(
    model: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FOLDER|FILE", help="A model of the store, or a folder or file that `serve` takes."
        ),
    ],
) -> None:
    """Shows what a model is, how it would be served, and what its weights lost by their quantisation."""
    from ovpipe.cli.checking import check_model

    check_model(ModelStore.of_user(os.environ), model)


@models.command()
def remove(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="The models to take away.")
    ] = None,
    unnamed: Annotated[
        bool, typer.Option("--unnamed", help="Those that were imported to serve a path, and have no name.")
    ] = False,
) -> None:
    """Takes models away. What the hub's cache holds stays there: `hf cache` shows and clears it."""
    if not names and not unnamed:
        raise typer.BadParameter("name a model, or give --unnamed", param_hint="NAME...")
    store = ModelStore.of_user(os.environ)
    for name in names or ():
        store.remove(name)
        typer.echo(f"{name}: removed")
    if unnamed:
        count = store.remove_unnamed()
        typer.echo(f"{count} without a name: removed")


def import_options(weights: str | None, *, adapters: bool, long_context: bool) -> ImportOptions:
    """The options of an import, as a command takes them."""
    from ovpipe.modelling import storage  # loads OpenVINO, which takes a while

    choices = get_args(storage.WeightsChoice)
    if weights is not None and weights not in choices:
        raise typer.BadParameter(f"{weights!r} is none of {', '.join(choices)}", param_hint="--weights")
    return ImportOptions(
        weights=cast("WeightsChoice | None", weights), adapters=adapters, long_context=long_context
    )


def _say(model: StoredModel) -> None:
    typer.echo(f"{model.name}: {size(model.bytes)} in {model.folder}")
    typer.echo(f"ovpipe serve {model.name}")
