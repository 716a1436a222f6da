"""GivenAnswerCalculator: a raw answer that a client has becomes the text that a model would have written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final

from msgspec.structs import replace

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.detokenizer import TokenText
from ovpipe.calculators.llm.packets import TextDelta, TokenDelta
from ovpipe.calculators.llm.templates.prompt_making import check_tokens
from ovpipe.calculators.llm.token_routes.requests import ParseRequest
from ovpipe.calculators.llm.workers import Workers, run_long
from ovpipe.engines.protocol import Token
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer

CHARACTERS_AT_ONCE: Final = 500
"""In one delta, so that nodes below read a long text bit by bit, as they read a model's."""
TOKENS_AT_ONCE: Final = 100
MOST_AT_ONCE: Final = 2_000
"""Characters or tokens that are cut into deltas on the event loop."""

Span = tuple[int, int]


@register
class GivenAnswerCalculator(Calculator):
    """Stands where a model and its detokenizer stand in chat.yaml, and says what the request gives as answer.

    Input `request`, streaming output `text`, side inputs `tokenizer` and `workers` (optional: for long
    answers; without it, asyncio's threads). Token ids become text as a model's do.
    In a text, the strings of control tokens count as control tokens. One that ends sequences, at the end, is
    no part of the answer. Raises RequestError 400 for an id that is no token of the model's.

        given_answer:
          calculator: GivenAnswerCalculator
          side_inputs: {tokenizer: tokenizer, workers: workers}
          inputs: {request: parse_request}
          outputs: {text: text}
    """

    request = Input[ParseRequest]()
    text = Output[TextDelta](streaming=True)
    tokenizer = SideInput[Tokenizer]()
    workers = SideInput[Workers](optional=True)

    async def process(self, cx: Context) -> None:
        """Sends the answer, delta by delta."""
        request, tokenizer = cx[self.request], cx[self.tokenizer]
        size = sum(map(len, request.pieces or ())) + len(request.token_ids or ())
        make = partial(deltas_of, request, tokenizer)
        for delta in make() if size <= MOST_AT_ONCE else await run_long(cx.get(self.workers), make):
            cx.send(self.text, delta)
            await asyncio.sleep(0)
            await cx.drain()


def deltas_of(request: ParseRequest, tokenizer: Tokenizer) -> list[TextDelta]:
    """The whole answer; raises RequestError 400 for an id that is no token."""
    if request.token_ids is None:
        return list(text_deltas(request, tokenizer))
    check_tokens(request.token_ids, "token_ids", tokenizer.vocab_size)
    return list(token_deltas(request, request.token_ids, tokenizer))


def token_deltas(request: ParseRequest, ids: Sequence[int], tokenizer: Tokenizer) -> Iterator[TextDelta]:
    """The text of token ids. The last one is the answer's end where it ends sequences."""
    growing = TokenText(tokenizer, request)
    ends = request.finish_reason == "stop" and len(ids) > 0 and ids[-1] in tokenizer.eos_token_ids
    body = len(ids) - 1 if ends else len(ids)
    for at in range(0, body, TOKENS_AT_ONCE):
        tokens = tuple(map(Token, ids[at : min(at + TOKENS_AT_ONCE, body)]))
        read = growing.read(TokenDelta(tokens, at + len(tokens), 0))
        yield replace(read, ends=())  # nobody counts: so the parser reads them at once
    yield growing.read(TokenDelta(tuple(map(Token, ids[body:])), len(ids), 0, request.finish_reason))


def text_deltas(request: ParseRequest, tokenizer: Tokenizer) -> Iterator[TextDelta]:
    """The pieces of a text, cut where they are, and further where they are long, but in no control token."""
    pieces = request.pieces or ()
    text = "".join(pieces)
    end = ending_of(text, tokenizer) if request.finish_reason == "stop" else ""
    text = text.removesuffix(end)
    pattern = tokenizer.control_tokens
    specials = [] if pattern is None else [found.span() for found in pattern.finditer(text)]
    begin, count = 0, 0
    waiting = iter(specials)
    special = next(waiting, None)
    for cut in cuts_of(pieces, len(text)):
        inside: list[Span] = []
        while special is not None and special[0] < cut:
            inside.append((special[0] - begin, special[1] - begin))
            cut = max(cut, special[1])
            special = next(waiting, None)
        if cut > begin:
            count += 1
            yield TextDelta(text[begin:cut], count, 0, specials=tuple(inside))
            begin = cut
    yield TextDelta("", count, 0, request.finish_reason, end=end)


def ending_of(text: str, tokenizer: Tokenizer) -> str:
    """The control token at the end of a text that ends sequences; empty where there is none."""
    names = (tokenizer.text_of(token) for token in tokenizer.eos_token_ids)
    return max((name for name in names if name and text.endswith(name)), key=len, default="")


def cuts_of(pieces: Sequence[str], size: int) -> Iterator[int]:
    """The places, in order, where a text of so many characters is cut."""
    at = 0
    for piece in pieces:
        ends = range(at + CHARACTERS_AT_ONCE, at + len(piece), CHARACTERS_AT_ONCE)
        at += len(piece)
        yield from (min(cut, size) for cut in chain(ends, (at,)))
