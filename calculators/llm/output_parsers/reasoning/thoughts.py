"""Thoughts: what stands between two markers before the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.parser import OutputParser
from ovpipe.calculators.llm.output_parsers.readers.pieces import Span, join, plain
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps, TextReader
from ovpipe.calculators.llm.packets import Part, Reasoning


class Thoughts(TextReader):
    """Takes the thoughts out and gives the rest to the parser of the answer; an OutputParser itself.

    Thoughts stand at the start of the output; white space before them is dropped. A format is a subclass
    that names its markers. `opened`: the prompt has opened them, so the output begins inside.
    """

    openings: ClassVar[tuple[str, ...]]
    closings: ClassVar[tuple[str, ...]]
    anywhere: ClassVar[bool] = False
    """Whether thoughts may come again, amid the answer."""

    def __init__(self, answer: OutputParser, *, opened: bool = False, keep_specials: bool = False) -> None:
        super().__init__()
        self._answer = answer
        self._opened = opened
        self._keep_specials = keep_specials
        self._parts: list[Part] = []
        self._running = self._run()
        self.reasoning = opened
        """Whether the text is inside thoughts right now."""

    @classmethod
    def opened_by(cls, prompt: str) -> bool:
        """Whether a prompt ends in thoughts that it has just opened; white space may follow the marker."""
        return prompt.rstrip().endswith(cls.openings)

    @classmethod
    def guide(cls, *, opened: bool) -> guides.Guide:
        """The thoughts, as an element of a structural tag."""
        content = {"type": "any_text"}
        tags = [guides.tag("" if opened else opening, content, cls.closings[0]) for opening in cls.openings]
        return tags[0] if opened else guides.either(tags)

    def feed(self, text: str, specials: Sequence[Span] = ()) -> list[Part]:
        """What is certain after the next piece."""
        self.buffer.push(text, specials)
        next(self._running, None)
        return self._take()

    def finish(self, end: str = "") -> list[Part]:
        """What was held back, here and in the parser of the answer."""
        self.buffer.close(end)
        next(self._running, None)
        self._parts.extend(self._answer.finish(end))
        return self._take()

    def label(self) -> Steps[None]:
        """Reads what stands between the opening marker and the thoughts themselves."""
        yield from ()

    def _run(self) -> Steps[None]:
        yield from self.blank()
        opening = yield from self.accept(*self.openings)
        thinks = bool(opening) or self._opened
        while True:
            if opening:
                self.raw.clear()
                self.reasoning = True
                yield from self.label()
            if thinks:
                self._think()
                yield from self._until_marker(self.closings, self._think)
            self.reasoning = False
            self._pass()
            opening = yield from self._until_marker(self.openings if self.anywhere else (), self._pass)
            if not opening:
                return
            thinks = True

    def _until_marker(self, wanted: tuple[str, ...], use: Callable[[], None]) -> Steps[str]:
        """Lets text pass up to one of some markers, which is read and forgotten; "" at the text's end."""
        buffer = self.buffer
        while True:
            match = self.markers.find(buffer.text, buffer.at) if wanted else None
            if match is not None:
                self.read(match.start())
                use()
                marker = self.read(match.end())
                if marker in wanted:
                    self.raw.clear()
                    return marker
                use()
                continue
            certain = len(buffer.text)
            if wanted and not buffer.closed:
                certain = self.markers.certain(buffer.text, buffer.at)
            self.read(certain)
            use()
            if buffer.closed:
                return ""
            yield

    def _think(self) -> None:
        piece = join(self.raw)
        self.raw.clear()
        text = piece.text if self._keep_specials else plain(piece, self.markers.pattern)
        if text:
            self._parts.append(Reasoning(text))

    def _pass(self) -> None:
        piece = join(self.raw)
        self.raw.clear()
        if piece.text:
            self._parts.extend(self._answer.feed(*piece))

    def _take(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts
