"""Settling: what the parsers of all APIs do with a request beside its table: limits, priority, calls."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from ovpipe.calculators.llm.parameters.engine_support import honours, not_honoured
from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import Client, HttpRequest

logger = logging.getLogger(__name__)


def object_of(http: HttpRequest) -> dict[str, Any]:
    """The body, a JSON object; RequestError 400 for any other."""
    if type(http.json) is not dict:
        raise RequestError(400, "The body must be a JSON object.", code="invalid_type")
    return http.json


def of_http(http: HttpRequest) -> dict[str, Any]:
    """The request's fields that its body does not say."""
    return {"created": int(http.received), "adapter": http.variant, "client": http.client}


def settle_limits(
    fields: dict[str, Any], max_tokens_limit: int | None, names: Mapping[str, str] = MappingProxyType({})
) -> None:
    """How many tokens, by the server's limit; raises RequestError 400.

    `names` are what the client's API calls the fields, where that is something else.
    """
    if max_tokens_limit is not None:
        for field in ("max_tokens", "max_completion_tokens"):
            if fields.get(field, 0) > max_tokens_limit:
                name = names.get(field, field)
                raise wrong_value(name, f"at most {max_tokens_limit}, the limit of this server")
        fields["default_max_tokens"] = min(
            max_tokens_limit, fields.get("default_max_tokens", max_tokens_limit)
        )
    most = fields.get("max_completion_tokens", fields.get("max_tokens"))
    if most is not None and fields.get("min_tokens", 0) > most:
        raise wrong_value("min_tokens", "at most the number of tokens to generate")


def settle_priority(fields: dict[str, Any], client: Client) -> None:
    """The priority, within what the operator allows this client; raises RequestError 400."""
    if client.priorities is None:
        return
    first, last = client.priorities
    priority = fields.setdefault("priority", min(max(0, first), last))
    if not first <= priority <= last:
        raise wrong_value("priority", f"from {first} to {last}, the range that this API key may use")


def check_calls(
    fields: Mapping[str, Any],
    engine: EngineInfo | None,
    *,
    tools: str = "tools",
    tool_choice: str = "tool_choice",
) -> None:
    """A call that is forced or strict follows a grammar; raises RequestError 400 where there are none.

    `tools` and `tool_choice` are the parameters that the request says them by.
    """
    if honours(engine, "structured_outputs"):
        return
    grammar = BY_NAME[Endpoint.CHAT]["structured_outputs"]
    if fields["tool_choice"].mode in ("required", "named"):
        raise not_honoured(tool_choice, grammar, engine)
    if fields["tool_choice"].mode != "none" and any(tool.strict for tool in fields["tools"]):
        raise not_honoured(tools, grammar, engine)


def unknown_parameter(ignored: Ignored, rows: Mapping[str, RequestParameter]) -> RequestError:
    """The 400 of a request with something that has no effect, where that is refused."""
    name = next(iter(ignored.names), None)
    row = rows.get(name or "")
    if row is not None:
        return wrong_value(row.name, row.words_within)
    near = get_close_matches(name, rows, n=1) if name else []
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return RequestError(
        400,
        f"The request has a parameter that this server does not know{hint}",
        code="unknown_parameter",
        param=name,
    )


def log_ignored(
    names: Iterable[str], seen: SeenNames | None, tables: Iterable[Mapping[str, RequestParameter]]
) -> None:
    """Logs what has no effect, each name once for `seen`; nothing without it."""
    if seen is None:
        return
    known = list(tables)
    for name in filter(seen.is_new, names):
        unknown = "" if any(name in rows for rows in known) else "unknown "
        logger.warning("ignored the %sparameter %r, of this and all later requests", unknown, name)
