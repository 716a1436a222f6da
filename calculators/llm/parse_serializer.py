"""ParseSerializerCalculator: what a raw answer means becomes the response's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import OutputDelta, Prompts
from ovpipe.calculators.llm.parse_request_parser import PATH
from ovpipe.calculators.llm.responses.json_body import ChoiceBody
from ovpipe.calculators.llm.responses.shared import encode, ignored_header
from ovpipe.calculators.llm.text.token_texts import TokenTexts
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.token_routes.requests import ParseRequest
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.ports import Input, Output
from ovpipe.registry import register


@register
class ParseSerializerCalculator(Calculator):
    """Writes what an answer means: the message of a chat's choice, and its finish_reason.

    Inputs `request`, `parsed` and `prompts` (optional: what the chat template had no place for), output
    `response`. The message is written by what writes a chat's.

        serializer:
          calculator: ParseSerializerCalculator
          inputs: {request: parse_request, prompts: prompts, parsed: parsed}
          outputs: {response: http_response}
    """

    request = Input[ParseRequest]()
    prompts = Input[Prompts](optional=True)
    parsed = Input[OutputDelta]()
    response = Output[ResponseStart | ResponseBody](streaming=True)

    def __init__(self) -> None:
        self._choice: ChoiceBody | None = None
        self._ignored: tuple[str, ...] = ()

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what answers are."""
        return openapi.answers([PATH])

    def process(self, cx: Context) -> None:
        """Gathers the answer, and writes it with its last delta."""
        request = cx.get(self.request)
        if request is not None:
            prompts = cx.get(self.prompts)
            self._ignored = (*request.ignored, *(() if prompts is None else prompts.ignored))
            self._choice = ChoiceBody(request, TokenTexts(None))
        delta = cx.get(self.parsed)
        if delta is None:
            return
        assert self._choice is not None, "the request comes before the first delta, or with it"
        self._choice.add(msgspec.structs.replace(delta, tokens=()))
        if delta.finish is None:
            return
        choice = self._choice.whole(0, ())
        body = encode({name: choice[name] for name in ("message", "finish_reason")})
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        cx.send(self.response, ResponseStart(200, headers | ignored_header(self._ignored)))
        cx.send(self.response, ResponseBody(body))
