"""GraniteThoughts: thoughts of Granite 3.2."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.reasoning.thoughts import Thoughts


class GraniteThoughts(Thoughts):
    """`Here is my thought process:` thoughts `Here is my response:` answer, in plain words."""

    openings = ("Here is my thought process:", "Here's my thought process:")
    closings = ("Here is my response:", "Here's my response:")
    markers = Markers(*openings, *closings)
