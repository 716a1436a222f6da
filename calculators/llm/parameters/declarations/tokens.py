"""What requests to a tokenizer alone may say besides what a chat or a completion may."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.calculators.llm.parameters.value_types import text
from ovpipe.calculators.llm.parameters.wire.prompts import Ids, IdsValue, ids_of

TEXT: Final = RequestParameter(
    "prompt",
    text(),
    "The text to tokenise, as it is: no chat template. It may be empty.",
    required=True,
    make=lambda prompt, path: (prompt,),
    field="prompts",
)
RETURN_TOKEN_STRS: Final = RequestParameter(
    "return_token_strs", bool, "Adds the tokens' names in the vocabulary."
)
TOKENS: Final = RequestParameter(
    "tokens",
    IdsValue,
    "The ids to turn into a text.",
    required=True,
    make=ids_of,
    forms=(Ids,),
)
