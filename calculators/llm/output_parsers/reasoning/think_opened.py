"""ThinkOpened: thoughts of a model that begins in them, whether its prompt has opened them or not."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.reasoning.think import Think


class ThinkOpened(Think):
    """`thoughts</think>answer`, for templates that do not write the `<think>` the model was trained with.

    No parser can know this from the text: it has handed on the thoughts by the time that `</think>` comes.
    """

    @classmethod
    def opened_by(cls, prompt: str) -> bool:
        """Any prompt does that has not just closed them."""
        return not prompt.rstrip().endswith(cls.closings)
