"""UpperCaseCalculator: a node of one's own between two of the shipped ones."""

from __future__ import annotations

from ovpipe import Calculator, Context, Input, Output, register
from ovpipe.calculators.llm.packets import TextDelta


@register
class UpperCaseCalculator(Calculator):
    """Upper-cases the text of an answer as it streams by, but for special tokens.

    loud:
      calculator: UpperCaseCalculator
      inputs: {text: text}
      outputs: {upper: loud_text}
    """

    text = Input[TextDelta]()
    upper = Output[TextDelta]()

    def process(self, cx: Context) -> None:
        """Sends each delta on with its text in capitals; counts and finish stay."""
        delta = cx[self.text]
        cx.send(self.upper, delta.with_text(str.upper))
