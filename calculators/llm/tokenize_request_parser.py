"""TokenizeRequestParserCalculator: an HTTP request becomes what is to be tokenised, or turned into a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

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
from ovpipe.calculators.llm.token_routes.requests import (
    DetokenizeRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
)
from ovpipe.calculators.llm.token_routes.table import (
    DETOKENIZE,
    PATHS,
    TOKENIZE_CHAT,
    TOKENIZE_TEXT,
    BodyForm,
)
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

Asked = TokenizeChatRequest | TokenizeCompletionRequest | DetokenizeRequest


@register
class TokenizeRequestParserCalculator(Calculator):
    """Checks the body of a request to the tokenizer alone, by vLLM's routes /tokenize and /detokenize.

    Input `http_request`. Output `request`: a conversation or a text that is to be tokenised; a conversation
    has the parameters of a chat that have a say in its prompt. Output `detokenize`: ids that are to become a
    text. Each request has one of the two. Raises RequestError 404 for another path, 400 for anything wrong
    in the body.

    A large body is read by `workers` (optional; without it, in asyncio's threads, which all graphs share).
    `seen` (optional) makes each parameter that has no effect be logged once for the graph.
    `unknown_parameters` is as ChatRequestParserCalculator has it.

        request_parser:
          calculator: TokenizeRequestParserCalculator
          side_inputs: {workers: workers, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: tokenize_request, detokenize: detokenize_request}
    """

    http_request = Input[HttpRequest]()
    request = Output[TokenizeChatRequest | TokenizeCompletionRequest]()
    detokenize = Output[DetokenizeRequest]()
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)

    def __init__(self, *, unknown_parameters: Literal["warn", "error", "ignore"] = "warn") -> None:
        self.unknown_parameters = unknown_parameters

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes: vLLM's own, and the same below the version."""
        return [
            Route("POST", f"{version}{path}", body="json", model=ModelIn("body"))
            for path in PATHS
            for version in ("", "/v1")
        ]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        return openapi.requests(PATHS, unknown=self.unknown_parameters != "error")

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        reading = partial(parse, http, self.unknown_parameters)
        if is_larger(http.json, MOST_AT_ONCE):
            asked = await run_long(cx.get(self.workers), reading)
        else:
            asked = reading()
        tables = [*BY_NAME.values(), *(form.rows for form in (TOKENIZE_CHAT, TOKENIZE_TEXT, DETOKENIZE))]
        log_ignored(asked.ignored, cx.get(self.seen), tables)
        if isinstance(asked, DetokenizeRequest):
            cx.send(self.detokenize, asked)
        else:
            cx.send(self.request, asked)


def parse(http: HttpRequest, unknown_parameters: Literal["warn", "error", "ignore"] = "warn") -> Asked:
    """The request in `http`; raises RequestError."""
    if http.path not in PATHS:
        raise RequestError(404, f"This graph does not serve this path; it serves {' and '.join(PATHS)}.")
    body = object_of(http)
    form = DETOKENIZE if http.path == "/detokenize" else form_to_tokenize(body)
    ignored = Ignored()
    fields = read_body(body, form.body, ignored, None)
    if ignored.any and unknown_parameters == "error":
        raise unknown_parameter(ignored, form.rows)
    fields["ignored"] = tuple(ignored.names) if unknown_parameters == "warn" else ()
    if form is DETOKENIZE:
        return DetokenizeRequest(**fields)
    fields |= {"id": f"tok-{http.id}"} | of_http(http)
    if form is TOKENIZE_TEXT:
        return TokenizeCompletionRequest(**fields)
    settle_chat(fields, body)
    return TokenizeChatRequest(**fields)


def form_to_tokenize(body: Mapping[str, Any]) -> BodyForm:
    """Which of the two forms a body has; raises RequestError 400 where it has neither, or both."""
    messages, prompt = (body.get(name) is not None for name in ("messages", "prompt"))
    if messages and prompt:
        raise wrong_value("prompt", "absent beside 'messages'")
    if not messages and not prompt:
        words = TOKENIZE_TEXT.rows["prompt"].words
        raise missing("prompt", f"{words}, or 'messages' in its place {TOKENIZE_CHAT.rows['messages'].words}")
    return TOKENIZE_CHAT if messages else TOKENIZE_TEXT
