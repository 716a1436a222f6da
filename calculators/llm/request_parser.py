"""ChatRequestParserCalculator: an HTTP request becomes a request for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.parameters.declarations.speculation import SPECULATION
from ovpipe.calculators.llm.parameters.engine_support import honours, not_honoured, remedies
from ovpipe.calculators.llm.parameters.errors import unsupported, wrong_value
from ovpipe.calculators.llm.parameters.reading import BODIES, read_body, read_generation_config
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint
from ovpipe.calculators.llm.parameters.settling import (
    check_calls,
    log_ignored,
    object_of,
    of_http,
    settle_limits,
    settle_priority,
    unknown_parameter,
)
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.wire.tool_choices import settle_choice
from ovpipe.calculators.llm.seen_names import SeenNames
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Engine, EngineInfo
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest, ModelIn, Route
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

BEST_OF_LIMIT: Final = 20
MOST_AT_ONCE: Final = 16_000
"""Characters and members of a body that are read on the event loop; a larger one is read by the workers."""
MOST_SEQUENCES: Final = 256
"""Of one request, all its prompts together."""


@register
class ChatRequestParserCalculator(Calculator):
    """Checks the body of a chat/completions or completions request and fills in the defaults.

    Input `http_request`; output `request`: a ChatRequest or a CompletionRequest, as the path says.
    Side input `engine` (optional) gives generation_config.json's defaults and says which parameters it
    honours; without it, what any core honours is taken. `seen` (optional) makes each
    unknown parameter be logged once for the graph, and without it nothing is logged.
    A large body is read by `workers` (optional; without it, in asyncio's threads, which all graphs share).
    Raises RequestError 404 for another path, 400 for anything wrong in the body.

    `max_tokens_limit` is the most tokens a request may ask for, and gets when it asks for none;
    `best_of_limit` the most candidates for a prompt.
    `unknown_parameters`: `warn` names in the response header x-ovpipe-ignored-parameters what has no effect,
    and logs it: unknown keys, tools that are no functions, a client's own values beyond their limits. `error`
    refuses it, `ignore` lets it pass in silence.

        request_parser:
          calculator: ChatRequestParserCalculator
          side_inputs: {engine: engine, workers: workers, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: chat_request}
          options: {max_tokens_limit: 4096}
    """

    http_request = Input[HttpRequest]()
    request = Output[ChatRequest | CompletionRequest]()
    engine = SideInput[Engine](optional=True)
    workers = SideInput[Workers](optional=True)
    seen = SideInput[SeenNames](optional=True)

    def __init__(
        self,
        *,
        max_tokens_limit: int | None = None,
        best_of_limit: int = BEST_OF_LIMIT,
        unknown_parameters: Literal["warn", "error", "ignore"] = "warn",
    ) -> None:
        if max_tokens_limit is not None and max_tokens_limit < 1:
            raise ValueError(f"max_tokens_limit is {max_tokens_limit}; at least 1 is needed")
        if best_of_limit < 1:
            raise ValueError(f"best_of_limit is {best_of_limit}; at least 1 is needed")
        self.max_tokens_limit = max_tokens_limit
        self.best_of_limit = best_of_limit
        self.unknown_parameters = unknown_parameters

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes: one for each endpoint."""
        return [
            Route("POST", f"/v1{path}", body="json", model=ModelIn("body"), priority="priority")
            for path in Endpoint
        ]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        tokens, sequences = self.max_tokens_limit, self.best_of_limit
        most = {"max_tokens": tokens, "max_completion_tokens": tokens, "n": sequences, "best_of": sequences}
        return openapi.requests(most, unknown=self.unknown_parameters != "error")

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        cx.send(self.request, await self.read(cx, cx[self.http_request]))

    async def read(self, cx: Context, http: HttpRequest) -> ChatRequest | CompletionRequest:
        """The request in `http`; raises RequestError."""
        engine = cx.get(self.engine)
        reading = partial(
            parse,
            http,
            None if engine is None else engine.info,
            max_tokens_limit=self.max_tokens_limit,
            best_of_limit=self.best_of_limit,
            unknown_parameters=self.unknown_parameters,
        )
        if is_larger(http.json, MOST_AT_ONCE):
            request = await run_long(cx.get(self.workers), reading)
        else:
            request = reading()
        log_ignored(request.ignored, cx.get(self.seen), BY_NAME.values())
        return request


def parse(
    http: HttpRequest,
    engine: EngineInfo | None = None,
    *,
    max_tokens_limit: int | None = None,
    best_of_limit: int = BEST_OF_LIMIT,
    unknown_parameters: Literal["warn", "error", "ignore"] = "warn",
) -> ChatRequest | CompletionRequest:
    """The request in `http`, for an engine if it is known; raises RequestError."""
    try:
        endpoint = Endpoint(http.path)
    except ValueError:
        served = " and ".join(path.value for path in Endpoint)
        raise RequestError(404, f"This model does not serve this path; it serves {served}.") from None
    body = object_of(http)
    ignored = Ignored()
    stated = read_body(body, BODIES[endpoint], ignored, engine)
    if ignored.any and unknown_parameters == "error":
        raise unknown_parameter(ignored, BY_NAME[endpoint])
    fields = read_generation_config(engine) | stated
    settle_limits(fields, max_tokens_limit)
    settle_choices(fields, stated, best_of_limit)
    if fields["use_beam_search"] and not honours(engine, "use_beam_search"):
        search = BY_NAME[endpoint]["use_beam_search"]
        raise not_honoured("best_of", search, engine)  # which asked for it without its name
    if not fields.get("detokenize", True):
        if fields.get("stop"):
            raise wrong_value("stop", "absent when 'detokenize' is false")
        fields["return_token_ids"] = True  # there is nothing else to answer
    if fields.get("stream") and "prompt_logprobs" in fields:
        raise wrong_value("prompt_logprobs", "absent in a stream")
    fields["ignored"] = tuple(ignored.names) if unknown_parameters == "warn" else ()
    fields |= of_http(http)
    settle_priority(fields, http.client)
    name = fields.get("request_id") or http.id
    if endpoint is Endpoint.CHAT:
        settle_chat(fields, body)
        older = fields["functions"]
        check_calls(
            fields,
            engine,
            tools="functions" if older else "tools",
            tool_choice="function_call" if older else "tool_choice",
        )
        return ChatRequest(id=f"chatcmpl-{name}", **fields)
    settle_completion(fields, engine)
    return CompletionRequest(id=f"cmpl-{name}", **fields)


def settle_choices(fields: dict[str, Any], stated: Mapping[str, Any], best_of_limit: int) -> None:
    """How many sequences, and whether they are sampled or searched; raises RequestError 400."""
    n = fields.get("n", 1)
    best_of = fields.get("best_of", n)
    for name, value in (("n", n), ("best_of", best_of)):
        if value > best_of_limit:
            raise wrong_value(name, f"at most {best_of_limit}, the limit of this server")
    if best_of < n:
        raise wrong_value("best_of", "at least 'n'")
    beams = fields.get("use_beam_search")
    if beams is None:  # OpenVINO Model Server's rule; an `n` alone asks for samples, as with OpenAI
        beams = "best_of" in stated and best_of > 1 and not stated.get("temperature")
    groups = fields.get("num_beam_groups", 1)
    if beams:
        if best_of % groups:
            raise wrong_value("num_beam_groups", "a divisor of 'best_of'")
        if groups > 1 and fields.get("diversity_penalty") == 0:
            raise wrong_value("diversity_penalty", "above 0 to keep groups of beams apart")
        if fields.get("grammar") is not None:
            name = "use_beam_search" if "use_beam_search" in stated else "best_of"
            raise wrong_value(name, "absent beside structured output: beams cannot be guided")
        for row in SPECULATION:
            if row.name in stated:
                raise wrong_value(row.name, "absent in a beam search, which drafts nothing")
    elif groups > 1:
        raise wrong_value("num_beam_groups", "absent without a beam search")
    elif best_of > n and fields.get("stream"):
        raise wrong_value("best_of", "the same as 'n' in a stream")
    fields |= {"n": n, "best_of": best_of, "use_beam_search": beams}


def settle_chat(fields: dict[str, Any], body: Mapping[str, Any]) -> None:
    """What concerns chats only; raises RequestError 400."""
    older = body.get("functions") is not None
    if not older and body.get("function_call") is not None and body.get("tools") is not None:
        raise wrong_value("function_call", "absent beside 'tools'; use 'tool_choice'")
    fields["functions"] = older
    if older:
        fields["parallel_tool_calls"] = False  # the older form has room for one call
    param = "tool_choice" if body.get("function_call") is None else "function_call"
    fields["tools"], fields["tool_choice"] = settle_choice(
        fields.get("tools", ()), fields.get("tool_choice"), param
    )
    if body.get("top_logprobs") and not fields.get("logprobs"):
        raise wrong_value("top_logprobs", "absent unless 'logprobs' is true")
    if fields.get("continue_final_message") and body.get("add_generation_prompt") is True:
        raise wrong_value("add_generation_prompt", "absent or false when 'continue_final_message' is true")


def settle_completion(fields: dict[str, Any], engine: EngineInfo | None) -> None:
    """What concerns completions only; raises RequestError 400."""
    fields["logprobs"] = "top_logprobs" in fields
    if fields["logprobs"] and fields.get("echo") and not honours(engine, "prompt_logprobs"):
        fact = "beside 'echo' are the prompt's, too, which this engine does not give; leave one out"
        assert engine is not None, "of one that is not known, any core's are taken"
        raise unsupported("logprobs", "; ".join((fact, *remedies("prompt_logprobs", engine))))
    if len(fields["prompts"]) * fields.get("best_of", 1) > MOST_SEQUENCES:
        raise wrong_value("prompt", f"few enough for {MOST_SEQUENCES} sequences, best_of for each prompt")
