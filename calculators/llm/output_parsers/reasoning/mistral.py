"""MistralThoughts: thoughts of Magistral and of Mistral's later models."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.reasoning.thoughts import Thoughts


class MistralThoughts(Thoughts):
    """`[THINK]thoughts[/THINK]answer`."""

    openings = ("[THINK]",)
    closings = ("[/THINK]",)
    markers = Markers(*openings, *closings)
