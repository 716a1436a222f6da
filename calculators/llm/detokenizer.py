"""DetokenizerCalculator: tokens become text."""

from __future__ import annotations

from collections.abc import Sequence

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, TextDelta, TokenDelta
from ovpipe.engines.detokenizer import Detokenizer
from ovpipe.engines.tokenizer import Tokenizer
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


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
        self._silent = self._spaced = False

    def process(self, cx: Context) -> None:
        """Sends the text of one delta."""
        request = cx.get(self.request)
        if request is not None:
            self._silent = not request.detokenize
            self._spaced = not request.skip_special_tokens and request.spaces_between_special_tokens
        delta = cx.get(self.deltas)
        if delta is None:
            return
        ends: tuple[int, ...] = (0,) * len(delta.tokens)
        specials: tuple[tuple[int, int], ...] = ()
        text = end = ""
        if not self._silent:
            key = (delta.prompt, delta.choice)
            growing = self._texts.get(key)
            if growing is None:
                growing = self._texts[key] = TokenText(cx[self.tokenizer], spaced=self._spaced)
            text, ends, specials, end = growing.add(delta)
        cx.send(
            self.text,
            TextDelta(
                text,
                delta.completion_tokens,
                delta.prompt_tokens,
                delta.finish,
                delta.prompt,
                delta.choice,
                ends if len(delta.tokens) > 1 else (),
                specials,
                end,
                delta.tokens,
                delta.logprobs,
            ),
        )


class TokenText:
    """The text of one growing sequence, with its special tokens marked.

    `spaced` puts a space between two special tokens in a row.
    """

    def __init__(self, tokenizer: Tokenizer, *, spaced: bool) -> None:
        self._spaced = spaced
        self._after_special = False
        self._tokenizer = tokenizer
        self._special = tokenizer.special_ids
        self._detokenizer: Detokenizer = tokenizer.detokenizer()

    def add(self, delta: TokenDelta) -> tuple[str, tuple[int, ...], tuple[tuple[int, int], ...], str]:
        """What a delta adds: text, where each token ends in it, the spans of special tokens, and the text
        of the token that ended the sequence.
        """
        tokens, end = delta.tokens, ""
        if delta.finish == "stop" and tokens:
            tokens, end = tokens[:-1], self._tokenizer.decode(tokens[-1:], skip_special_tokens=False)
        if len(tokens) == 1 and tokens[0] not in self._special and delta.finish is None:
            self._after_special = False
            return self._detokenizer.push(tokens), (), (), end
        text, ends, specials = self.each(tokens)
        ends += [len(text)] * (len(delta.tokens) - len(tokens))
        if delta.finish is not None:
            text += self._detokenizer.flush()
        return text, tuple(ends), tuple(specials), end

    def each(self, tokens: Sequence[int]) -> tuple[str, list[int], list[tuple[int, int]]]:
        """The text of several tokens, one by one."""
        text = ""
        ends: list[int] = []
        specials: list[tuple[int, int]] = []
        for token in tokens:
            if token not in self._special:
                self._after_special = False
                text += self._detokenizer.push((token,))
            else:  # put in here, so that it does not part a character whose other half comes after it
                if self._after_special and self._spaced:
                    text += " "
                self._after_special = True
                mark = self._tokenizer.decode((token,), skip_special_tokens=False)
                if mark:
                    specials.append((len(text), len(text) + len(mark)))
                    text += mark
            ends.append(len(text))
        return text, ends, specials
