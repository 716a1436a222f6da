"""ResponsesParserCalculator: a request of OpenAI's Responses API becomes a request for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.openai_responses import openapi
from ovpipe.calculators.llm.openai_responses.asking import owner_of, parse_response
from ovpipe.calculators.llm.openai_responses.parameters import ROWS, ResponsesPath
from ovpipe.calculators.llm.openai_responses.references import with_references
from ovpipe.calculators.llm.openai_responses.store import ResponseStore
from ovpipe.calculators.llm.packets import ChatRequest
from ovpipe.calculators.llm.parameters.settling import log_ignored
from ovpipe.calculators.llm.request_parser import MOST_AT_ONCE
from ovpipe.calculators.llm.responses_packets import AskedResponse
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class ResponsesParserCalculator(Calculator):
    """Checks the body of a request of /responses, and makes a chat's request of it.

    Input `http_request`; outputs `request`, the ChatRequest that the nodes of a chat read, and `asked`, what
    the answer needs to know besides. Side input `response_store` (optional) has the responses that a request
    continues, or takes items of. The other side inputs and the options are those of
    ChatRequestParserCalculator. Requests of other paths are another node's: of those it makes nothing.

        request_parser:
          calculator: ResponsesParserCalculator
          side_inputs: {engine: engine, workers: workers, seen: seen_names, response_store: response_store}
          inputs: {http_request: http_request}
          outputs: {request: chat_request, asked: asked}
          options: {max_tokens_limit: 4096}
    """

    http_request = Input[HttpRequest]()
    request = Output[ChatRequest]()
    asked = Output[AskedResponse]()
    engine = SideInput[Engine](optional=True)
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)
    response_store = SideInput[ResponseStore](optional=True)

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
        """See DeclaresRoutes."""
        return [
            Route(
                "POST",
                "/v1/responses",
                body="json",
                model=ModelIn("body"),
                priority="priority",
            )
        ]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        return openapi.requests(
            {"max_output_tokens": self.max_tokens_limit}, unknown=self.unknown_parameters != "error"
        )

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        if http.path != ResponsesPath.RESPONSES:
            return
        engine, store = cx.get(self.engine), cx.get(self.response_store)
        before = None
        if store is not None and type(http.json) is dict:
            owner = owner_of(http.client)
            http = await with_references(http, store, owner)
            previous = http.json.get("previous_response_id")
            before = await store.conversation(owner, previous) if type(previous) is str else None
        reading = partial(
            parse_response,
            http,
            None if engine is None else engine.info,
            before,
            keeps=store is not None,
            max_tokens_limit=self.max_tokens_limit,
            unknown_parameters=self.unknown_parameters,
        )
        long = is_larger(http.json, MOST_AT_ONCE)
        request, asked = await run_long(cx.get(self.workers), reading) if long else reading()
        log_ignored(request.ignored, cx.get(self.seen), [ROWS])
        cx.send(self.asked, asked)
        cx.send(self.request, request)
