"""GrammarCheckCalculator: what an answer must follow is settled, and tried out, before the engine sees it."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.grammars.guided import (
    Formats,
    forces_calls,
    formats_of,
    grammar_of,
    schemas_that_bind,
    tools_without_place,
)
from ovpipe.calculators.llm.grammars.tool_schemas import tools_param
from ovpipe.calculators.llm.output_parsers import check_formats
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompts
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.calculators.llm.templates.template import ChatTemplate
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.grammars.checker import GrammarChecker
from ovpipe.engines.grammars.verdicts import (
    GrammarRefused,
    GrammarShareTaken,
    GrammarTimeout,
    GrammarUnavailable,
)
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 8_000
"""Characters and members of tools' schemas that are read on the event loop; a thousand take 0.2 ms."""


@register
class GrammarCheckCalculator(Calculator):
    """Settles a request's grammar: its own, or that of the tools it has to call; and has it tried out.

    Inputs `request` and `prompts` (optional: whether the prompt has opened thoughts, which come before
    what is guided), output `guided`: the request with its `grammar`, and with tools among `ignored` that the
    answer cannot call beside a grammar of its own. Side inputs `grammar_checker` (optional;
    without it nothing is tried out) and `chat_template` (optional; in which formats the model calls and
    thinks, which the options name otherwise). Raises RequestError 400 for a grammar that the engine's library
    refuses or takes too long to compile, 429 when as many of its client's wait as may, and 503 when the
    checker is not available, or the grammar's turn does not come in time.

        grammar_check:
          calculator: GrammarCheckCalculator
          side_inputs: {grammar_checker: grammar_checker, chat_template: chat_template}
          inputs: {request: chat_request, prompts: prompts}
          outputs: {guided: guided_request}
    """

    request = Input[ChatRequest | CompletionRequest]()
    prompts = Input[Prompts](optional=True)
    guided = Output[ChatRequest | CompletionRequest]()
    grammar_checker = SideInput[GrammarChecker | None](optional=True)
    chat_template = SideInput[ChatTemplate | None](optional=True)
    workers = SideInput[Workers](optional=True)

    def __init__(self, *, tool_format: str | None = None, reasoning_format: str | None = None) -> None:
        check_formats(tool_format, reasoning_format)
        self._formats = Formats(tool_format, reasoning_format)

    async def process(self, cx: Context) -> None:
        """Sends the one request on."""
        request = cx[self.request]
        formats = formats_of(request, self._formats, cx.get(self.chat_template))
        prompts = cx.get(self.prompts)
        if is_larger(schemas_that_bind(request), MOST_AT_ONCE):
            grammar = await run_long(cx.get(self.workers), partial(grammar_of, request, formats, prompts))
        else:
            grammar = grammar_of(request, formats, prompts)
        checker = cx.get(self.grammar_checker)
        if grammar is not None and checker is not None:
            cx.follow_progress(lambda: checker.progress)
            await check(checker, grammar, param_of(request), request.client.name)
        if grammar is not request.grammar:
            request = msgspec.structs.replace(request, grammar=grammar)
        if unheard := tools_without_place(request, formats):
            logger.warning("the format of calls cannot be guided, so an answer in a form of its own has none")
            request = msgspec.structs.replace(request, ignored=(*request.ignored, *unheard))
        cx.send(self.guided, request)


def param_of(request: ChatRequest | CompletionRequest) -> str:
    """The parameter that what the engine is given comes from."""
    if isinstance(request, ChatRequest) and (request.grammar is None or forces_calls(request)):
        return tools_param(request)
    return request.grammar_param


async def check(checker: GrammarChecker, grammar: Grammar, param: str, client: str) -> None:
    """Has a grammar of a client's tried out; raises RequestError."""
    try:
        await checker.check(grammar, client)
    except GrammarTimeout as error:
        raise RequestError(
            400, f"'{param}' takes too long to compile; make it simpler.", code="invalid_grammar", param=param
        ) from error
    except GrammarRefused as error:
        raise RequestError(
            400, f"The model's engine refuses '{param}': {error}", code="invalid_grammar", param=param
        ) from error
    except GrammarShareTaken as error:
        raise RequestError(
            429,
            "This client has as many grammars waiting to be checked as one client may; try again later.",
            code="client_share_exceeded",
            retry_after=error.retry_after,
        ) from error
    except GrammarUnavailable as error:
        raise RequestError(
            503,
            "Grammars cannot be checked at the moment; try again later.",
            code="grammar_check_unavailable",
            retry_after=error.retry_after,
        ) from error
