"""Text of clients: every string that a request holds can be encoded in UTF-8.

The front door refuses lone surrogates already; a request that comes another way meets this check.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.parameters.errors import wrong_value

ITEMS_AT_ONCE: Final = 500
"""Of a list, in one call of msgspec, which lets no other thread run meanwhile."""


def check_text(value: Any, path: str) -> None:
    """Raises RequestError 400 for a string with a lone surrogate, naming its place."""
    if type(value) is str and value.isascii():
        return
    if isinstance(value, list | tuple) and len(value) > ITEMS_AT_ONCE:
        for at, item in enumerate(value):
            check_text(item, f"{path}[{at}]")
        return
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        for place, member in members_of(value, path):
            check_text(member, place)
        raise wrong_value(path, "a string without lone surrogates") from None
    except RecursionError:
        return  # a schema or arguments: what nests that deep is refused where it is read


def members_of(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What a value holds, each with its place; keys that the client chose are no places."""
    if isinstance(value, msgspec.Struct):
        yield from ((f"{path}.{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, list | tuple):
        yield from ((f"{path}[{at}]", item) for at, item in enumerate(value))
