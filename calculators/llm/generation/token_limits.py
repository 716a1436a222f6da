"""Which tokens a request allows, favours and forbids: its logit_bias, allowed_token_ids and bad_words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.parameters.errors import wrong_value
from ovpipe.errors import RequestError
from ovpipe.tokenizers.tokenizer import Tokenizer

MOST_BIAS: Final = 100
WORDS_AT_ONCE: Final = 4
"""Words that are tokenised before others have their turn on the event loop."""


def bias_of(bias: Mapping[str, float], vocab_size: int) -> dict[int, float]:
    """The bias by token; RequestError 400 for what is no token, or beyond OpenAI's range."""
    found = {}
    for name, value in bias.items():
        if not re.fullmatch(r"\d{1,10}", name, re.ASCII) or int(name) >= vocab_size:
            raise wrong_value("logit_bias", f"an object whose keys are token ids from 0 to {vocab_size - 1}")
        if not -MOST_BIAS <= value <= MOST_BIAS:
            raise wrong_value("logit_bias", f"an object of numbers from -{MOST_BIAS} to {MOST_BIAS}")
        found[int(name)] = value
    return found


def allowed_of(allowed: tuple[int, ...] | None, vocab_size: int) -> tuple[int, ...] | None:
    """The tokens that may be chosen; RequestError 400 for none, or one that the model does not have."""
    if allowed is not None and not (allowed and max(allowed) < vocab_size):
        raise wrong_value(
            "allowed_token_ids", f"a list of at least one token id, each from 0 to {vocab_size - 1}"
        )
    return allowed


async def bad_words_of(
    request: ChatRequest | CompletionRequest, tokenizer: Tokenizer | None
) -> tuple[tuple[int, ...], ...]:
    """The words as tokens, each as it begins a text and as it stands after a blank, as vLLM has it.

    Raises RequestError 400 where the graph has no tokenizer to read them with.
    """
    words = [word for word in request.bad_words if word.strip()]
    if words and tokenizer is None:
        raise RequestError(
            400,
            "'bad_words' needs a tokenizer, and this server's graph gives none to the node that generates.",
            code="unsupported_parameter",
            param="bad_words",
        )
    found: dict[tuple[int, ...], None] = {}
    for number, word in enumerate(words, start=1):
        assert tokenizer is not None
        for form in (word, f" {word.lstrip()}"):
            tokens = tuple(tokenizer.encode(form, add_special_tokens=False))
            if tokens:
                found[tokens] = None
        if number % WORDS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return tuple(found)
