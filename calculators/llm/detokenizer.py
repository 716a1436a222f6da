"""DetokenizerCalculator: tokens become text."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta, TokenDelta
from ovpipe.engines.protocol import Token
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register
from ovpipe.tokenizers.detokenizer import Detokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class DetokenizerCalculator(Calculator):
    """Turns each delta's tokens into text: one TextDelta for each TokenDelta, at its timestamp.

    Inputs `request` and `deltas`, output `text`, side input `tokenizer`. A character that is only begun is
    held back, so a text may be empty. Special tokens stand in the text, marked, for the node that parses
    it; the token that ended the sequence stands beside it. A request with `detokenize` false gets no text.

        detokenizer:
          calculator: DetokenizerCalculator
          side_inputs: {tokenizer: tokenizer}
          inputs: {request: chat_request, deltas: deltas}
          outputs: {text: text}
    """

    request = Input[ChatRequest | CompletionRequest](optional=True)
    deltas = Input[TokenDelta]()
    text = Output[TextDelta]()
    tokenizer = SideInput[Tokenizer]()

    def __init__(self) -> None:
        self._texts: dict[tuple[int, int], TokenText] = {}
        self._request: ChatRequest | CompletionRequest | None = None

    def process(self, cx: Context) -> None:
        """Sends the text of one delta."""
        request = cx.get(self.request)
        if request is not None:
            self._request = request
            self._texts.clear()  # of a request before it in this run
        delta = cx.get(self.deltas)
        if delta is None:
            return
        key = (delta.prompt, delta.choice)
        growing = self._texts.get(key)
        if growing is None:
            growing = self._texts[key] = TokenText(cx[self.tokenizer], self._request)
        cx.send(self.text, growing.read(delta))


class TokenText:
    """The text of one growing sequence, with its special tokens marked.

    A request that shows special tokens may want a space between two of them in a row; one with `detokenize`
    false wants no text.
    """

    def __init__(self, tokenizer: Tokenizer, request: ChatRequest | CompletionRequest | None = None) -> None:
        self._silent = request is not None and not request.detokenize
        self._spaced = (
            request is not None and not request.skip_special_tokens and request.spaces_between_special_tokens
        )
        self._after_special = False
        self._tokenizer = tokenizer
        self._special = tokenizer.special_ids
        self._detokenizer: Detokenizer = tokenizer.detokenizer()

    def read(self, delta: TokenDelta) -> TextDelta:
        """What a delta adds."""
        tokens, finish = delta.tokens, delta.finish
        ends: tuple[int, ...] = ()
        specials: tuple[tuple[int, int], ...] = ()
        end = ""
        if self._silent:
            text = ""
            if len(tokens) > 1:
                ends = (0,) * len(tokens)
        elif finish is None and len(tokens) == 1 and tokens[0].id not in self._special:
            self._after_special = False
            text = self._detokenizer.push((tokens[0].id,))
        else:
            text, ends, specials, end = self._in_full(delta)
        return TextDelta(
            text,
            delta.completion_tokens,
            delta.prompt_tokens,
            finish,
            delta.prompt,
            delta.choice,
            ends,
            specials,
            end,
            tokens,
            delta.cached_tokens,
            delta.prompt_logprobs,
        )

    def _in_full(self, delta: TokenDelta) -> tuple[str, tuple[int, ...], tuple[tuple[int, int], ...], str]:
        """Text, where each of several tokens ends in it, the spans of special tokens, and the text of the
        token that ended the sequence.
        """
        tokens, end = delta.tokens, ""
        if delta.finish == "stop" and tokens:
            tokens, end = tokens[:-1], self._tokenizer.text_of(tokens[-1].id)
        pieces, ends, specials = self._each(tokens)
        if delta.finish is not None:
            pieces.append(self._detokenizer.flush())
        if len(delta.tokens) == 1:
            ends.clear()
        elif len(tokens) < len(delta.tokens):
            ends.append(ends[-1])
        return "".join(pieces), tuple(ends), tuple(specials), end

    def _each(self, tokens: Sequence[Token]) -> tuple[list[str], list[int], list[tuple[int, int]]]:
        """The text of several tokens, one by one: its pieces, the tokens' ends, the special tokens' spans."""
        pieces: list[str] = []
        ends: list[int] = []
        specials: list[tuple[int, int]] = []
        size = 0
        for token in tokens:
            if token.id not in self._special:
                self._after_special = False
                piece = self._detokenizer.push((token.id,))
            else:  # put in here, so that it does not part a character whose other half comes after it
                if self._after_special and self._spaced:
                    pieces.append(" ")
                    size += 1
                self._after_special = True
                piece = self._tokenizer.text_of(token.id)
                if piece:
                    specials.append((size, size + len(piece)))
            pieces.append(piece)
            size += len(piece)
            ends.append(size)
        return pieces, ends, specials
