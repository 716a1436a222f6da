"""The parameters of requests to a tokenizer alone: a table for each form of body.

A conversation's are those of a chat that have a say in its prompt, the very declarations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from ovpipe.calculators.llm.parameters.declarations.answers import ANSWER
from ovpipe.calculators.llm.parameters.declarations.output import OUTPUT
from ovpipe.calculators.llm.parameters.declarations.prompt import PROMPT, RENDERING, TEMPLATE
from ovpipe.calculators.llm.parameters.declarations.tokens import RETURN_TOKEN_STRS, TEXT, TOKENS
from ovpipe.calculators.llm.parameters.declarations.tools import TOOLS
from ovpipe.calculators.llm.parameters.normalising import normalised
from ovpipe.calculators.llm.parameters.reading import BodyType
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.token_routes.requests import (
    DetokenizeRequest,
    ParseRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
)


class BodyForm(NamedTuple):
    """A form of body: its table, and the request that it becomes."""

    body: BodyType
    request: type[msgspec.Struct]

    @property
    def rows(self) -> Mapping[str, RequestParameter]:
        """The table, by names."""
        return self.body.rows


def rows_of(endpoint: Endpoint, rows: Iterable[RequestParameter]) -> list[RequestParameter]:
    """Those of some declarations that an endpoint has."""
    return [row for row in rows if endpoint in row.endpoints]


def form_of(request: type[msgspec.Struct], *rows: RequestParameter) -> BodyForm:
    """A form of body with these parameters."""
    return BodyForm(BodyType(MappingProxyType({row.name: row for row in rows}), normalised), request)


PATHS: Final = ("/tokenize", "/detokenize")
"""vLLM's routes to a tokenizer."""
MODEL: Final = PROMPT[0]
TOKENIZE_CHAT: Final = form_of(
    TokenizeChatRequest,
    *rows_of(Endpoint.CHAT, (*PROMPT, *RENDERING, *TOOLS, *TEMPLATE)),
    RETURN_TOKEN_STRS,
)
TOKENIZE_TEXT: Final = form_of(
    TokenizeCompletionRequest,
    MODEL,
    TEXT,
    *rows_of(Endpoint.COMPLETIONS, RENDERING),
    RETURN_TOKEN_STRS,
)
DETOKENIZE: Final = form_of(DetokenizeRequest, MODEL, TOKENS)
PARSE: Final = form_of(
    ParseRequest,
    *ANSWER,
    *(
        replace(row, required=False)
        for row in rows_of(Endpoint.CHAT, (*PROMPT, *RENDERING, *TOOLS, *TEMPLATE))
    ),
    *(row for row in OUTPUT if row.name in ("skip_special_tokens", "spaces_between_special_tokens")),
)
