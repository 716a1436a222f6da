"""ModelFacts: what the engine's nodes and their host ask of a model."""

from __future__ import annotations

from typing import Any

import msgspec


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Known once the model is loaded."""

    vocab_size: int
    context_length: int | None
    """Tokens of prompt and completion together that the model was made for; None: not stated."""
    eos_token_ids: frozenset[int]
    cache_bytes: int
    generation_config: dict[str, Any]
    """The content of the model folder's generation_config.json."""
