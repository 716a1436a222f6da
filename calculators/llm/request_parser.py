"""ChatRequestParserCalculator: an HTTP request becomes a request for the model."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal
from uuid import uuid4

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.kinds import Ignored, wrong_value
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters import BY_NAME, Endpoint, read_body, read_generation_config
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.engines.protocol import Engine
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

logger = logging.getLogger(__name__)


@register
class ChatRequestParserCalculator(Calculator):
    """Checks the body of a chat/completions or completions request and fills in the defaults.

    Input `http_request`; output `request`: a ChatRequest or a CompletionRequest, as the path says.
    Side input `engine` (optional) gives generation_config.json's defaults; `seen` (optional) makes each
    unknown parameter be logged once for the graph, and without it nothing is logged.
    Raises RequestError 404 for another path, 400 for anything wrong in the body.

    `max_tokens_limit` is the most tokens a request may ask for, and gets when it asks for none.
    `unknown_parameters`: `warn` names unknown keys in the response header x-ovpipe-ignored-parameters
    and logs them, `error` refuses them, `ignore` lets them pass in silence.

        request_parser:
          calculator: ChatRequestParserCalculator
          side_inputs: {engine: engine, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: chat_request}
          options: {max_tokens_limit: 4096}
    """

    http_request = Input[HttpRequest]()
    request = Output[ChatRequest | CompletionRequest]()
    engine = SideInput[Engine](optional=True)
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

    def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        engine = cx.get(self.engine)
        request = parse(
            http,
            {} if engine is None else engine.info.generation_config,
            max_tokens_limit=self.max_tokens_limit,
            unknown_parameters=self.unknown_parameters,
        )
        seen = cx.get(self.seen)
        if seen is not None:
            for name in filter(seen.is_new, request.ignored):
                logger.warning("ignored the unknown parameter %r, of this and all later requests", name)
        cx.send(self.request, request)


def parse(
    http: HttpRequest,
    generation_config: Mapping[str, Any],
    *,
    max_tokens_limit: int | None = None,
    unknown_parameters: Literal["warn", "error", "ignore"] = "warn",
) -> ChatRequest | CompletionRequest:
    """The request in `http`; raises RequestError."""
    try:
        endpoint = Endpoint(http.path)
    except ValueError:
        served = " and ".join(path.value for path in Endpoint)
        raise RequestError(404, f"This model does not serve this path; it serves {served}.") from None
    if type(http.json) is not dict:
        raise RequestError(400, "The body must be a JSON object.", code="invalid_type")
    ignored = Ignored()
    fields = read_generation_config(generation_config) | read_body(http.json, endpoint, ignored)
    if ignored.any and unknown_parameters == "error":
        raise _unknown(ignored, endpoint)
    if http.json.get("stream_options") is not None and not fields.get("stream"):
        raise wrong_value("stream_options", "absent unless 'stream' is true")
    if max_tokens_limit is not None:
        for name in ("max_tokens", "max_completion_tokens"):
            if fields.get(name, 0) > max_tokens_limit:
                raise wrong_value(name, f"at most {max_tokens_limit}, the limit of this server")
        fields["default_max_tokens"] = min(
            max_tokens_limit, fields.get("default_max_tokens", max_tokens_limit)
        )
    fields["ignored"] = tuple(ignored.names) if unknown_parameters == "warn" else ()
    fields["created"] = int(time.time())
    if endpoint is Endpoint.CHAT:
        return ChatRequest(id=f"chatcmpl-{uuid4().hex}", **fields)
    return CompletionRequest(id=f"cmpl-{uuid4().hex}", **fields)


def _unknown(ignored: Ignored, endpoint: Endpoint) -> RequestError:
    name = next(iter(ignored.names), None)
    near = get_close_matches(name, BY_NAME[endpoint], n=1) if name else []
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return RequestError(
        400,
        f"The request has a parameter that this server does not know{hint}",
        code="unknown_parameter",
        param=name,
    )
