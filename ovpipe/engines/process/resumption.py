"""Resumption: what another process needs to go on with a request that has tokens already."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import msgspec

from ovpipe.engines.protocol import GenerateRequest, SamplingParams, Token


def can_resume(sampling: SamplingParams) -> bool:
    """Whether a text goes on as it would have, when what there is of it is read as its prompt.

    A greedy one does. A sampled one does unless the request has a seed, whose draws nobody can go on with.
    What counts the generated tokens alone, or has a state of its own, would begin anew.
    """
    return (
        (sampling.temperature == 0 or sampling.seed is None)
        and sampling.beams is None
        and sampling.grammar is None
        and sampling.prompt_logprobs is None
        and not (sampling.frequency_penalty or sampling.presence_penalty)
        and not (sampling.bad_words or sampling.logits_processors)
    )


class Resumption:
    """One request's prompt and the tokens that it has so far, four bytes each."""

    __slots__ = ("_prompt_length", "_request", "_tokens")

    def __init__(self, request: GenerateRequest) -> None:
        self._tokens = array("i", request.prompt)
        self._prompt_length = len(request.prompt)
        self._request = msgspec.structs.replace(request, prompt=[])

    def add(self, tokens: Iterable[Token]) -> None:
        """Tokens have come."""
        self._tokens.extend(token.id for token in tokens)

    def request(self) -> GenerateRequest:
        """The same request, for the rest of its text."""
        sampling, generated = self._request.sampling, len(self._tokens) - self._prompt_length
        rest = msgspec.structs.replace(
            sampling,
            max_tokens=sampling.max_tokens - generated,
            min_tokens=max(0, sampling.min_tokens - generated),
        )
        return msgspec.structs.replace(self._request, prompt=self._tokens.tolist(), sampling=rest)
