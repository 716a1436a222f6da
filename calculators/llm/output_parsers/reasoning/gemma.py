"""GemmaThoughts: thoughts of Gemma 4."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.output_parsers.reasoning.thoughts import Thoughts

LABEL = "thought"


class GemmaThoughts(Thoughts):
    """`<|channel>thought`, a line break, thoughts, `<channel|>`; at the start or amid the answer."""

    openings = ("<|channel>",)
    closings = ("<channel|>",)
    markers = Markers(*openings, *closings)
    anywhere = True

    @classmethod
    def opened_by(cls, prompt: str) -> bool:
        """The label may stand after the marker."""
        return super().opened_by(prompt.rstrip().removesuffix(LABEL))

    def label(self) -> Steps[None]:
        """Reads the line that only says that these are thoughts."""
        empty = LABEL + self.closings[0]
        found = yield from self.ahead(f"{LABEL}\n", empty)
        if found:
            self.read(self.buffer.at + len(LABEL) + (found != empty))
            self.raw.clear()
