"""The models of the store, as `ovpipe models list` and `ovpipe list models` print them."""

from __future__ import annotations

import typer

from ovpipe.cli.output import OutputFormat, print_json, print_table
from ovpipe.cli.sizes import size
from ovpipe.model_store.store import ModelStore


def print_models(store: ModelStore, format: OutputFormat) -> None:
    """Prints all models, those without a name last. Raises ModelStoreError."""
    named, unnamed = [store.get(name) for name in store.names()], store.unnamed()
    models = [*((one.name, one) for one in named), *((None, one) for one in unnamed)]
    if format is OutputFormat.JSON:
        facts = [
            {
                "name": name,
                "weights": model.weights,
                "bytes": model.bytes,
                "from": str(model.origin),
                "folder": str(model.folder),
            }
            for name, model in models
        ]
        print_json(facts)
        return
    if not models:
        typer.echo(f"no models in {store.root}; `ovpipe models pull OWNER/NAME` brings one")
        return
    rows = [(name or "-", one.weights, size(one.bytes), str(one.origin)) for name, one in models]
    print_table(("name", "weights", "size", "from"), rows)
    if unnamed:
        taken = size(sum(model.bytes for model in unnamed))
        typer.echo(
            f"{len(unnamed)} without a name were served by their paths ({taken}); "
            "`ovpipe models remove --unnamed` takes them away"
        )
