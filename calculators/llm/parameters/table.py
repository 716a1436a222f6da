"""The parameters of chat/completions and completions: one table, of what declarations/ has by subject.

Reading, checking, the errors' `param`, defaults, OpenAPI and the docs derive from it; a new parameter is a
new declaration there and a field of GenerationRequest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.calculators.llm.parameters.declarations.beam_search import BEAM_SEARCH
from ovpipe.calculators.llm.parameters.declarations.client import CLIENT
from ovpipe.calculators.llm.parameters.declarations.ending import ENDING
from ovpipe.calculators.llm.parameters.declarations.length import LENGTH, STREAMING
from ovpipe.calculators.llm.parameters.declarations.output import OUTPUT
from ovpipe.calculators.llm.parameters.declarations.prompt import PROMPT, RENDERING, TEMPLATE
from ovpipe.calculators.llm.parameters.declarations.sampling import SAMPLING
from ovpipe.calculators.llm.parameters.declarations.speculation import SPECULATION
from ovpipe.calculators.llm.parameters.declarations.structured_output import STRUCTURED_OUTPUT
from ovpipe.calculators.llm.parameters.declarations.tools import TOOLS
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter

PARAMETERS: Final[tuple[RequestParameter, ...]] = (
    *PROMPT,
    *STREAMING,
    *LENGTH,
    *BEAM_SEARCH,
    *SAMPLING,
    *ENDING,
    *OUTPUT,
    *RENDERING,
    *STRUCTURED_OUTPUT,
    *TOOLS,
    *SPECULATION,
    *CLIENT,
    *TEMPLATE,
)

BY_NAME: Final[Mapping[Endpoint, Mapping[str, RequestParameter]]] = MappingProxyType(
    {
        endpoint: MappingProxyType({row.name: row for row in PARAMETERS if endpoint in row.endpoints})
        for endpoint in Endpoint
    }
)
CONFIGURABLE: Final = tuple({row.config_key: row for row in PARAMETERS[::-1] if row.config_key}.values())
"""Those with a default in generation_config.json; of several for one key there, the first."""
