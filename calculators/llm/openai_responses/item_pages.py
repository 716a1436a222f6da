"""Pages of a response's input items, in OpenAI's form of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.responses_packets import Item

LIMIT: Final = 20
MOST: Final = 100


def page_of(items: Sequence[Item], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The page that a query asks for, of items in their order; raises RequestError 400."""
    limit = limit_of(asked("limit", query))
    order = asked("order", query) or "desc"
    if order not in ("asc", "desc"):
        raise wrong_value("order", "'asc' or 'desc'")
    ordered = list(items if order == "asc" else reversed(items))
    after = asked("after", query)
    if after is not None:
        start = next((at for at, item in enumerate(ordered, 1) if item["id"] == after), None)
        if start is None:
            raise wrong_value("after", "the id of one of the items")
        ordered = ordered[start:]
    data = ordered[:limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else "",
        "last_id": data[-1]["id"] if data else "",
        "has_more": len(ordered) > limit,
    }


def asked(name: str, query: Mapping[str, Sequence[str]]) -> str | None:
    """The first value of a name, which may be empty as if it were not there."""
    return next(iter(query.get(name, ())), None) or None


def limit_of(text: str | None) -> int:
    """How many items a page has."""
    if text is None:
        return LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MOST:
        raise wrong_value("limit", f"an integer from 1 to {MOST}")
    return int(text)
