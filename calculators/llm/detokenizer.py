"""DetokenizerCalculator: tokens become text."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.packets import TextDelta, TokenDelta
from ovpipe.engines.detokenizer import Detokenizer
from ovpipe.engines.tokenizer import Tokenizer
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class DetokenizerCalculator(Calculator):
    """Turns each delta's tokens into text: one TextDelta for each TokenDelta, at its timestamp.

    Input `deltas`, output `text`, side input `tokenizer`. A character that is only begun is held back, so a
    text may be empty. Special tokens are left out, and so is the token that ended the sequence.

        detokenizer:
          calculator: DetokenizerCalculator
          side_inputs: {tokenizer: tokenizer}
          inputs: {deltas: deltas}
          outputs: {text: text}
    """

    deltas = Input[TokenDelta]()
    text = Output[TextDelta]()
    tokenizer = SideInput[Tokenizer]()

    def __init__(self) -> None:
        self._detokenizers: dict[tuple[int, int], Detokenizer] = {}

    def process(self, cx: Context) -> None:
        """Sends the text of one delta."""
        delta = cx[self.deltas]
        key = (delta.prompt, delta.choice)
        detokenizer = self._detokenizers.get(key)
        if detokenizer is None:
            detokenizer = self._detokenizers[key] = cx[self.tokenizer].detokenizer()
        shown = delta.tokens if delta.finish != "stop" else delta.tokens[:-1]
        ends: tuple[int, ...] = ()
        if len(delta.tokens) == 1:
            text = detokenizer.push(shown)
        else:
            text, ends = push_each(detokenizer, shown, len(delta.tokens))
        if delta.finish is not None:
            text += detokenizer.flush()
        cx.send(
            self.text,
            TextDelta(
                text,
                delta.completion_tokens,
                delta.prompt_tokens,
                delta.finish,
                delta.prompt,
                delta.choice,
                ends,
            ),
        )


def push_each(detokenizer: Detokenizer, shown: tuple[int, ...], count: int) -> tuple[str, tuple[int, ...]]:
    """The text of several tokens, and how long it was after each of `count`; the last may not be shown."""
    text = ""
    ends = []
    for token in shown:
        text += detokenizer.push((token,))
        ends.append(len(text))
    ends.extend([len(text)] * (count - len(shown)))
    return text, tuple(ends)
