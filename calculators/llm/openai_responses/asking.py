"""Asking: a body of /responses as a ChatRequest for the model, and as what the answer says of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ovpipe.calculators.llm.openai_responses.configs import FORMAT
from ovpipe.calculators.llm.openai_responses.conversation import conversation_of
from ovpipe.calculators.llm.openai_responses.items import AnyItem, InputItems, new_id
from ovpipe.calculators.llm.openai_responses.parameters import BODY, NAMES, ROWS
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.engine_support import honours, not_honoured
from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.calculators.llm.parameters.reading import read_body, read_generation_config
from ovpipe.calculators.llm.parameters.settling import (
    check_calls,
    object_of,
    of_http,
    settle_limits,
    settle_priority,
    unknown_parameter,
)
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.validation_errors import read_as
from ovpipe.calculators.llm.parameters.wire.tool_choices import settle_choice
from ovpipe.calculators.llm.responses_packets import AskedResponse, Item
from ovpipe.engines.protocol import EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import Client, HttpRequest

CHAT_FIELDS: Final = frozenset(field.name for field in msgspec.structs.fields(ChatRequest))
SHOWN: Final = (
    "instructions", "max_tool_calls", "previous_response_id", "prompt_cache_key", "safety_identifier", "user",
)  # fmt: skip
"""What the answer repeats as it came, null where it did not."""
KEY: Final = "key:"
"""What the name of a client begins with that has an API key."""


def parse_response(
    http: HttpRequest,
    engine: EngineInfo | None = None,
    before: Sequence[Item] | None = None,
    *,
    keeps: bool = True,
    max_tokens_limit: int | None = None,
    unknown_parameters: str = "warn",
) -> tuple[ChatRequest, AskedResponse]:
    """The request in `http`, after the items that came `before` it; raises RequestError 400.

    Those are None where the response that it names as the previous one is not kept. `keeps` says whether this
    graph keeps responses at all.
    """
    ignored = Ignored()
    if not keeps and type(http.json) is dict and http.json.get("store"):
        ignored.add("store")
    stated = read_body(object_of(http), BODY, ignored, engine)
    if ignored.any and unknown_parameters == "error":
        raise unknown_parameter(ignored, ROWS)
    fields = read_generation_config(engine) | stated
    settle_limits(fields, max_tokens_limit, NAMES)
    settle_priority(fields, http.client)
    settle_grammar(fields, engine)
    fields["tools"], fields["tool_choice"] = settle_choice(
        fields.get("tools", ()), fields.get("tool_choice"), "tool_choice"
    )
    check_calls(fields, engine)
    if not fields.get("logprobs"):
        fields["top_logprobs"] = 0
    if "previous_response_id" in fields and before is None:
        raise not_kept()
    fields["store"] = keeps and fields.get("store", True)
    items: tuple[AnyItem, ...] = fields.pop("input")
    history: list[AnyItem] = read_as(list(before or ()), InputItems, "previous_response_id")
    conversation = conversation_of(
        history, items, fields.get("instructions"), listed=type(http.json["input"]) is list
    )
    own_id = new_id("resp")
    chat = ChatRequest(
        id=own_id,
        messages=tuple(conversation.messages),
        places=tuple(conversation.places),
        names=NAMES,
        ignored=tuple(ignored.names) if unknown_parameters == "warn" else (),
        **of_http(http),
        **{name: value for name, value in fields.items() if name in CHAT_FIELDS},
    )
    asked = AskedResponse(
        id=own_id,
        owner=owner_of(http.client),
        store=fields["store"],
        shown=shown(chat, fields),
        input=tuple([item.kept() for item in items]),
        custom_tools=fields.get("custom_tools", ()),
        encrypted_reasoning=fields.get("encrypted_reasoning", False),
    )
    return chat, asked


def settle_grammar(fields: dict[str, Any], engine: EngineInfo | None) -> None:
    """What the answer must follow, by OpenAI's name or by vLLM's; raises RequestError 400."""
    grammar = fields.pop("text_grammar", None)
    if grammar is None:
        return
    if "grammar" in fields:
        raise wrong_value(fields["grammar_param"], f"absent beside '{FORMAT}', which says the same")
    if not honours(engine, "structured_outputs"):
        raise not_honoured(FORMAT, ROWS["structured_outputs"], engine)
    fields["grammar"], fields["grammar_param"] = grammar, FORMAT


def shown(chat: ChatRequest, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer says of the request again: what holds, with the defaults."""
    return {
        **{name: fields.get(name) for name in SHOWN},
        "max_output_tokens": chat.max_completion_tokens,
        "metadata": fields.get("metadata") or {},
        "model": chat.model,
        "parallel_tool_calls": chat.parallel_tool_calls,
        "reasoning": fields.get("shown_reasoning") or {"effort": None, "summary": None},
        "service_tier": "default",
        "store": fields["store"],
        "temperature": chat.temperature,
        "text": fields.get("shown_text") or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": fields.get("shown_choice", "auto"),
        "tools": fields.get("shown_tools", []),
        "top_logprobs": chat.top_logprobs,
        "top_p": chat.top_p,
        "truncation": "disabled",
    }


def not_kept() -> RequestError:
    """The error for a previous response that is not there, or is another client's."""
    return RequestError(
        400,
        "The response that 'previous_response_id' names is not kept here, or not any more.",
        code="previous_response_not_found",
        param="previous_response_id",
    )


def owner_of(client: Client) -> str:
    """Who may read what is kept of a client's: its API key, or everybody without one who knows the id."""
    return client.name if client.name.startswith(KEY) else ""
