"""What the routes of a tokenizer answer, as types, of which OpenAPI is made, too."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType


class TokenizeResponse(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tokens of a text or a conversation."""

    count: int
    max_model_len: Annotated[
        int | None,
        Meta(description="Tokens of prompt and completion together; null: nobody says how many."),
    ]
    tokens: tuple[int, ...]
    token_strs: (
        Annotated[
            tuple[str, ...], Meta(description="With return_token_strs: the tokens' names in the vocabulary.")
        ]
        | UnsetType
    ) = UNSET


class DetokenizeResponse(Struct, frozen=True, forbid_unknown_fields=True):
    """The text of some tokens, special ones included."""

    prompt: str
