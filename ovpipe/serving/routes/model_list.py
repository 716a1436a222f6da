"""The list of models: OpenAI's fields, vLLM's, and what each model can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ovpipe.serving.models.model import Model

OWNER: Final = "ovpipe"


def entries(models: Iterable[Model]) -> Iterator[dict[str, Any]]:
    """An entry for each model that takes requests, and one for each of its variants."""
    for model in models:
        if model.takes_requests:
            own = entry(model)
            yield own
            yield from (of_variant(own, variant) for variant in model.variants())


def entry(model: Model) -> dict[str, Any]:
    """The model's own entry."""
    capabilities = dict(model.served.capabilities())
    return {
        "id": model.name,
        "object": "model",
        "created": model.created,
        "owned_by": OWNER,
        "root": model.name,
        "parent": None,
        "max_model_len": capabilities.pop("max_model_len", None),
        "capabilities": capabilities,
    }


def of_variant(own: dict[str, Any], variant: str) -> dict[str, Any]:
    """That of a variant, which says what it is of, as vLLM's adapters do."""
    return {**own, "id": f"{own['id']}:{variant}", "root": variant, "parent": own["id"]}
