"""ParseRequestParserCalculator: an HTTP request becomes a raw answer, and the chat that it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.parameters.errors import missing, wrong_value
from ovpipe.calculators.llm.parameters.reading import read_body
from ovpipe.calculators.llm.parameters.settling import log_ignored, object_of, of_http, unknown_parameter
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.request_parser import MOST_AT_ONCE, settle_chat
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.token_routes.requests import ParseRequest
from ovpipe.calculators.llm.token_routes.table import PARSE
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

PATH: Final = "/parse"


@register
class ParseRequestParserCalculator(Calculator):
    """Checks the body of a request to /parse: a model's raw answer, and what of a chat says how to read it.

    Input `http_request`; output `request`. Output `conversation`: the same, where there are messages, for the
    node that makes the prompt, since a prompt may have opened thoughts. Raises RequestError 400 for anything
    wrong in the body. `workers`, `seen` and `unknown_parameters` are as ChatRequestParserCalculator has them.

        request_parser:
          calculator: ParseRequestParserCalculator
          side_inputs: {workers: workers, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: parse_request, conversation: conversation}
    """

    http_request = Input[HttpRequest]()
    request = Output[ParseRequest]()
    conversation = Output[ParseRequest]()
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)

    def __init__(self, *, unknown_parameters: Literal["warn", "error", "ignore"] = "warn") -> None:
        self.unknown_parameters = unknown_parameters

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes."""
        return [Route("POST", f"/v1{PATH}", body="json", model=ModelIn("body"))]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        return openapi.requests([PATH], unknown=self.unknown_parameters != "error")

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        reading = partial(parse, http, self.unknown_parameters)
        long = is_larger(http.json, MOST_AT_ONCE)
        request = await run_long(cx.get(self.workers), reading) if long else reading()
        log_ignored(request.ignored, cx.get(self.seen), [*BY_NAME.values(), PARSE.rows])
        cx.send(self.request, request)
        if request.messages:
            cx.send(self.conversation, request)


def parse(http: HttpRequest, unknown_parameters: Literal["warn", "error", "ignore"] = "warn") -> ParseRequest:
    """The request in `http`; raises RequestError."""
    body = object_of(http)
    ignored = Ignored()
    fields = read_body(body, PARSE.body, ignored, None)
    if ignored.any and unknown_parameters == "error":
        raise unknown_parameter(ignored, PARSE.rows)
    if "pieces" in fields and "token_ids" in fields:
        raise wrong_value("token_ids", "absent beside 'text'")
    if "pieces" not in fields and "token_ids" not in fields:
        raise missing("text", f"{PARSE.rows['text'].words}, unless there are 'token_ids'")
    if fields.get("continue_final_message") and not fields.get("messages"):
        raise wrong_value("continue_final_message", "absent or false without 'messages'")
    fields["ignored"] = tuple(ignored.names) if unknown_parameters == "warn" else ()
    fields |= {"id": f"parse-{http.id}"} | of_http(http)
    settle_chat(fields, body)
    return ParseRequest(**fields)
