"""Thoughts: what stands between two markers before the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.parser import SHOWN, OutputParser
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.pieces import Piece, Span, join, plain
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps, TextReader
from ovpipe.calculators.llm.packets import CalledTool, Content, Part, Reasoning


class Thoughts(TextReader):
    """Takes the thoughts out and gives the rest to the parser of the answer; an OutputParser itself.

    Thoughts stand at the start of the output. White space before them and between them and the answer is
    dropped. A format is a subclass that names its markers. `opened`: the prompt has opened the thoughts, so
    the output begins inside. `new_answer` makes a parser of the answer. Calls in thoughts that nothing closes
    are calls if the text ends with them; `openers` are the markers that they begin with.
    """

    openings: ClassVar[tuple[str, ...]]
    closings: ClassVar[tuple[str, ...]]
    anywhere: ClassVar[bool] = False
    """Whether thoughts may come again, amid the answer."""

    def __init__(
        self,
        new_answer: Callable[[], OutputParser],
        *,
        openers: tuple[str, ...] = (),
        opened: bool = False,
        keep_specials: bool = False,
    ) -> None:
        super().__init__()
        self._new_answer = new_answer
        self._answer = new_answer()
        self._answered = False
        """Whether text has come that is no white space."""
        self._openers = openers
        self._markers = Markers(*self.openings, *self.closings, *openers)
        self._call: OutputParser | None = None
        """What reads the text that is held because it may turn out to be calls."""
        self._held: list[Piece] = []
        self._called: list[Part] = []
        self._opened = opened
        self._keep_specials = keep_specials
        self._parts: list[Part] = []
        self._running = self._run()
        self.reasoning = opened
        """Whether the text is inside thoughts right now."""

    @property
    def all_markers(self) -> Markers:
        """Those of calls too."""
        return self._markers

    @classmethod
    def opened_by(cls, prompt: str) -> bool:
        """Whether a prompt ends in thoughts that it has just opened; white space may follow the marker."""
        return prompt.rstrip().endswith(cls.openings)

    @classmethod
    def left_open_by(cls, text: str) -> bool:
        """Whether a text ends amid thoughts."""
        return max(map(text.rfind, cls.openings)) > max(map(text.rfind, cls.closings))

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

    def finish(self, end: str = "", *, shown: int | None = SHOWN) -> list[Part]:
        """What was held back, here and in the parser of the answer."""
        self.close(end, shown=shown)
        next(self._running, None)
        self._parts.extend(self._answer.finish(end, shown=shown))
        return self._take()

    def label(self) -> Steps[None]:
        """Reads what stands between the opening marker and the thoughts themselves."""
        yield from ()

    def _run(self) -> Steps[None]:
        yield from self.blank()
        opening = yield from self.accept(*self.openings)
        again = self.openings if self.anywhere else ()
        if not opening and not self._opened:
            opening = (yield from self._unopened()) or (yield from self._until_marker(again, self._pass))
        while opening or self._opened:
            if opening:
                self.reasoning = True
                yield from self._repeated(self.openings)
                yield from self.label()
            yield from self._thoughts()
            self._opened = self.reasoning = False
            if not self._answered:
                yield from self._repeated(self.closings)
                self.raw.clear()
            opening = yield from self._until_marker(again, self._pass)

    def _repeated(self, markers: tuple[str, ...]) -> Steps[None]:
        """Drops a marker and what repeats it, and reads the white space that follows."""
        self.raw.clear()
        yield from self.blank()
        while (yield from self.accept(*markers)):
            self.raw.clear()
            yield from self.blank()

    def _unopened(self) -> Steps[str]:
        """Reads up to the first marker; which, if it opens thoughts. One that closes them is not shown.

        The text before that has been handed on, as the answer that it seemed to be. It must stand at the end
        of a line, or on one of its own: otherwise the text speaks of it.
        """
        marker = yield from self.accept(*self.closings)
        if not marker:
            marker = yield from self._until_marker(self._markers.all, self._pass)
        if marker in self.closings:
            space = yield from self.blank()
            if not self._answered or self.ended or "\n" in space:
                self.raw.clear()
        elif marker in self.openings and self.anywhere:
            return marker
        self._pass()
        return ""

    def _thoughts(self) -> Steps[None]:
        """Reads thoughts up to their end."""
        self._think()
        marker = yield from self._until_marker((*self.closings, *self._openers), self._think)
        while marker in self._openers:
            self._hold()
            marker = yield from self._until_marker((*self.closings, *self._openers), self._think)
        self.raw.clear()
        if not marker and self._call is not None:
            self._called += self._call.finish(self.buffer.end, shown=None)
            if self._called and all(isinstance(part, CalledTool) for part in self._called):
                self._parts += self._called
                return
        self._give_up()

    def _until_marker(self, wanted: tuple[str, ...], use: Callable[[], None]) -> Steps[str]:
        """Lets text pass up to one of some markers, which is read; "" at the text's end."""
        buffer = self.buffer
        use()
        while True:
            match = self._markers.find(buffer.text, buffer.at) if wanted else None
            if match is not None:
                self.read(match.start())
                use()
                marker = self.read(match.end())
                if marker in wanted:
                    return marker
                use()
                continue
            certain = len(buffer.text)
            if wanted and not buffer.closed:
                certain = self._markers.certain(buffer.text, buffer.at)
            self.read(certain)
            use()
            if buffer.closed:
                return ""
            yield

    def _think(self) -> None:
        """What was read is thoughts, or part of what may turn out to be calls."""
        piece = self._piece()
        if self._call is None:
            self._say(piece)
        elif piece.text:
            self._held.append(piece)
            self._called += self._call.feed(*piece)
            if any(isinstance(part, Content) for part in self._called):
                self._give_up()

    def _hold(self) -> None:
        """The marker that was read may begin a call, unless it is part of one."""
        piece = self._piece()
        if self._call is not None:
            self._called += self._call.feed(*piece)
            if not any(isinstance(part, Content) for part in self._called):
                self._held.append(piece)
                return
            self._give_up()
        self._call = self._new_answer()
        self._held, self._called = [piece], self._call.feed(*piece)

    def _give_up(self) -> None:
        """What is held is no calls."""
        for piece in self._held:
            self._say(piece)
        self._call, self._held, self._called = None, [], []

    def _say(self, piece: Piece) -> None:
        text = piece.text if self._keep_specials else plain(piece, self._markers.pattern)
        if text:
            self._parts.append(Reasoning(text))

    def _pass(self) -> None:
        piece = self._piece()
        if piece.text:
            self._answered = self._answered or not piece.text.isspace()
            self._parts.extend(self._answer.feed(*piece))

    def _piece(self) -> Piece:
        """What was read and not used yet."""
        piece = join(self.raw)
        self.raw.clear()
        return piece

    def _take(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts
