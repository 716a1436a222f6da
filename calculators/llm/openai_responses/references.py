"""References: items of a request that name an item which is kept, in place of saying it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.calculators.llm.parameters.wire.messages import MOST_MESSAGES
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest

REFERENCE: Final = "item_reference"
MOST_REFERENCES: Final = 1_000
"""Of a request: each may be in a response of its own."""


async def with_references(http: HttpRequest, store: ResponseStore, owner: str) -> HttpRequest:
    """The request with the items that it refers to; raises RequestError 400 for one that is not kept."""
    items = http.json.get("input")
    if type(items) is not list or len(items) > MOST_MESSAGES:
        return http
    places = [at for at, item in enumerate(items) if is_reference(item)]
    if not places:
        return http
    if len(places) > MOST_REFERENCES:
        raise refusal("input", f"has more than {MOST_REFERENCES} items of type 'item_reference'")
    found = list(items)
    for at in places:
        item = await store.item(owner, items[at]["id"])
        if item is None:
            raise refusal(f"input[{at}].id", "names an item that is not kept here, or not any more")
        found[at] = item
    return replace(http, json={**http.json, "input": found})


def is_reference(item: Any) -> bool:
    """Whether an item is a reference, which may leave out its type."""
    if type(item) is not dict or type(item.get("id")) is not str:
        return False
    return item.get("type") == REFERENCE or (item.get("type") is None and "role" not in item)


def refusal(path: str, fact: str) -> RequestError:
    """The error of a reference."""
    return RequestError(400, f"'{path}' {fact}.", code="item_not_found", param=path)
