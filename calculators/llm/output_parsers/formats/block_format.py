"""BlockFormat: calls in a block between two markers."""

from __future__ import annotations

from typing import ClassVar

from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool

MOST_ENDS = 4


class BlockFormat(ToolFormat):
    """A format is a subclass that names the markers and reads what stands between them.

    A string in the block may hold the end marker: one after which the block is not whole yet is read on over.
    The end of the text, and the next start marker, end a block as well.
    """

    end: ClassVar[str]
    last: ClassVar[str]
    """The character that a whole block ends in."""

    def calls_in(self, text: str) -> list[CalledTool] | None:
        """The calls that a block holds; None if it is no such block."""
        raise NotImplementedError

    def steps(self) -> Steps[None]:
        """Reads block after block."""
        opener = yield from self.text_until(*self.openers)
        while opener:
            opener = (yield from self.block()) or (yield from self.text_until(*self.openers))

    def block(self, begun: str = "") -> Steps[str]:
        """Reads a block, of which `begun` has been read; the next start marker, if it is read too."""
        text, ends = begun, 0
        while True:
            part, marker = yield from self.until(*self.openers, self.end)
            text += part
            if marker in self.openers and not ends and not self._looks_whole(text):
                text += marker
                continue
            opening = [self.raw.pop()] if marker in self.openers else []
            calls = None if opening and ends else self.calls_in(text)
            if calls is not None:
                self.call(*calls)
            elif marker == self.end and ends < MOST_ENDS and not self._looks_whole(text):
                text += marker
                ends += 1
                continue
            else:
                self.release()
            self.raw += opening
            return marker if opening else ""

    def _looks_whole(self, text: str) -> bool:
        return text.rstrip().endswith(self.last)
