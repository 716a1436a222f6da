"""MessagesParserCalculator: a request of Anthropic's Messages API becomes a request for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.anthropic_messages import openapi
from ovpipe.calculators.llm.anthropic_messages.endpoint import MessagesEndpoint
from ovpipe.calculators.llm.anthropic_messages.errors import ANTHROPIC_ERRORS
from ovpipe.calculators.llm.anthropic_messages.table import BODIES, BY_NAME, CHAT
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.engine_support import honours, not_honoured
from ovpipe.calculators.llm.parameters.reading import read_body, read_generation_config
from ovpipe.calculators.llm.parameters.settling import (
    check_calls,
    log_ignored,
    object_of,
    of_http,
    settle_limits,
    settle_priority,
    unknown_parameter,
)
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.wire.tool_choices import settle_choice
from ovpipe.calculators.llm.request_parser import MOST_AT_ONCE
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine, EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

NAMES: Final[Mapping[str, str]] = {"stop": "stop_sequences", "reasoning_effort": "output_config.effort"}
"""What this API calls parameters of a chat, for errors."""


@register
class MessagesParserCalculator(Calculator):
    """Checks the body of a request of Anthropic's Messages API and makes the request that a chat makes.

    Input `http_request`; output `request`, of a request for an answer, or `count`, of one that wants its
    tokens counted: a ChatRequest each. All nodes between this and the serializer are chat's. Side inputs and
    `unknown_parameters` are those of ChatRequestParserCalculator. `max_tokens_limit` is the most tokens that
    an answer gets: one that asks for more is not refused, since each request of this API has to name some
    number, but ends there. Raises RequestError 404 for another path, 400 for anything wrong in the body.

        request_parser:
          calculator: MessagesParserCalculator
          side_inputs: {engine: engine, workers: workers, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: chat_request, count: count_request}
          options: {max_tokens_limit: 4096}
    """

    http_request = Input[HttpRequest]()
    request = Output[ChatRequest]()
    count = Output[ChatRequest]()
    engine = SideInput[Engine](optional=True)
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)

    def __init__(
        self,
        *,
        max_tokens_limit: int | None = None,
        unknown_parameters: Literal["warn", "error", "ignore"] = "warn",
    ) -> None:
        if max_tokens_limit is not None and max_tokens_limit < 1:
            raise ValueError(f"max_tokens_limit is {max_tokens_limit}; at least 1 is needed")
        self.max_tokens_limit = max_tokens_limit
        self.unknown_parameters = unknown_parameters

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes: one for each endpoint."""
        return [
            Route(
                "POST",
                f"/v1{path}",
                body="json",
                model=ModelIn("body"),
                errors=ANTHROPIC_ERRORS,
                priority="priority",
            )
            for path in MessagesEndpoint
        ]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        return openapi.requests(unknown=self.unknown_parameters != "error")

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        engine = cx.get(self.engine)
        reading = partial(
            parse_messages,
            http,
            None if engine is None else engine.info,
            max_tokens_limit=self.max_tokens_limit,
            unknown_parameters=self.unknown_parameters,
        )
        if is_larger(http.json, MOST_AT_ONCE):
            request = await run_long(cx.get(self.workers), reading)
        else:
            request = reading()
        log_ignored(request.ignored, cx.get(self.seen), BY_NAME.values())
        cx.send(self.count if http.path == MessagesEndpoint.COUNT_TOKENS else self.request, request)


def parse_messages(
    http: HttpRequest,
    engine: EngineInfo | None = None,
    *,
    max_tokens_limit: int | None = None,
    unknown_parameters: Literal["warn", "error", "ignore"] = "warn",
) -> ChatRequest:
    """The request in `http`, for an engine if it is known; raises RequestError."""
    try:
        endpoint = MessagesEndpoint(http.path)
    except ValueError:
        served = " and ".join(path.value for path in MessagesEndpoint)
        raise RequestError(404, f"This model does not serve this path; it serves {served}.") from None
    body = object_of(http)
    ignored = Ignored()
    stated = read_body(body, BODIES[endpoint], ignored, engine)
    if ignored.any and unknown_parameters == "error":
        raise unknown_parameter(ignored, BY_NAME[endpoint])
    fields = read_generation_config(engine) | stated
    settle_limits(fields, max_tokens_limit)
    settle_conversation(fields)
    fields["tools"], fields["tool_choice"] = settle_choice(
        fields.get("tools", ()), fields.get("tool_choice"), "tool_choice"
    )
    check_calls(fields, engine)
    if "grammar" in fields and not honours(engine, "structured_outputs"):
        raise not_honoured(fields["grammar_param"], CHAT["structured_outputs"], engine)
    fields["ignored"] = tuple(ignored.names) if unknown_parameters == "warn" else ()
    fields |= of_http(http)
    settle_priority(fields, http.client)
    return ChatRequest(id=f"msg_{http.id}", names=NAMES, **fields)


def settle_conversation(fields: dict[str, Any]) -> None:
    """The system's message before the others, and the switches of thoughts among the template's variables."""
    system = fields.pop("system", None)
    if system is not None:
        fields["messages"] = (system, *fields["messages"])
        fields["places"] = ("system", *fields["places"])
    switches = fields.pop("switches", None)
    if switches is not None:
        fields["chat_template_kwargs"] = switches | fields.get("chat_template_kwargs", {})
