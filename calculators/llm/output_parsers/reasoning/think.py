"""Think: thoughts of Qwen3, DeepSeek R1 and many others."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.reasoning.thoughts import Thoughts


class Think(Thoughts):
    """`<think>thoughts</think>answer`; without the opening tag if the prompt ends in it."""

    openings = ("<think>",)
    closings = ("</think>",)
    markers = Markers(*openings, *closings)
