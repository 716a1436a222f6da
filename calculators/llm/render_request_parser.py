"""RenderRequestParserCalculator: a request to generate, of which only the prompt is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ovpipe.calculator import Context
from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator
from ovpipe.calculators.llm.token_routes import openapi
from ovpipe.calculators.llm.token_routes.openapi import RENDER
from ovpipe.http import Route
from ovpipe.registry import register


@register
class RenderRequestParserCalculator(ChatRequestParserCalculator):
    """The parser of chat.yaml, by the routes /chat/completions/render and /completions/render.

    Ports and options are those of ChatRequestParserCalculator, and so is all that it refuses.

        request_parser:
          calculator: RenderRequestParserCalculator
          side_inputs: {engine: engine, workers: workers, seen: seen_names}
          inputs: {http_request: http_request}
          outputs: {request: chat_request}
    """

    def routes(self) -> Sequence[Route]:
        """See DeclaresRoutes: one for each endpoint of a chat."""
        return [replace(route, pattern=route.pattern + RENDER) for route in super().routes()]

    def openapi(self) -> Mapping[str, Any]:
        """See DescribesHttp: what requests may say."""
        return openapi.to_render(super().openapi())

    async def process(self, cx: Context) -> None:
        """Sends the one request."""
        http = cx[self.http_request]
        cx.send(self.request, await self.read(cx, replace(http, path=http.path.removesuffix(RENDER))))
