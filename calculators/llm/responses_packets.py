"""What passes between the nodes of graphs/responses.yaml besides the packets of a chat: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Item = Mapping[str, Any]
"""An item of a conversation, as the API writes it in JSON."""


class AskedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer to a request of /responses says of it, and what is kept of it.

    `shown` are the fields of the answer that repeat the request. `input` are the request's own items, each
    with an id; what came before them is kept with the response that `shown` names as the previous one.
    """

    id: str
    owner: str
    """Who may read what is kept."""
    store: bool
    shown: Mapping[str, Any]
    input: tuple[Item, ...]
    custom_tools: tuple[str, ...] = ()
    """Names of the tools whose calls are texts, and no JSON."""
    encrypted_reasoning: bool = False
    """Whether thoughts come with a text that a client can send back in their place."""


class FoundResponse(msgspec.Struct, frozen=True):
    """The body of an answer about a response that is kept."""

    body: bytes
