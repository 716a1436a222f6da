"""ToolFormat: a form in which models write their calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ovpipe.calculators.llm.output_parsers.message_builder import MessageBuilder
from ovpipe.calculators.llm.output_parsers.parser import SHOWN
from ovpipe.calculators.llm.output_parsers.readers.pieces import Span, join, plain
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps, TextReader
from ovpipe.calculators.llm.packets import CalledTool, Part, Tool


class ToolFormat(TextReader):
    """Reads one form of calls; an OutputParser. A format is a subclass with `markers` and `steps`.

    What `steps` reads becomes a call by `call`, text of the answer by `release`, or nothing by `forget`.
    """

    keeps_markers: ClassVar[bool] = True
    """Whether markers that belong to no call are text, special tokens or not, rather than nothing."""
    openers: ClassVar[tuple[str, ...]] = ()
    """Markers that a call begins with."""
    closers: ClassVar[tuple[str, ...]] = ()
    """Markers that mean nothing right after a call."""
    drops_breaks_after_calls: ClassVar[bool] = False
    drops_after_calls: ClassVar[bool] = False

    def __init__(self, tools: Sequence[Tool] = (), *, keep_specials: bool = False) -> None:
        super().__init__()
        self.tools = tuple(tools)
        self.message = MessageBuilder(
            drops_breaks_after_calls=self.drops_breaks_after_calls, drops_after_calls=self.drops_after_calls
        )
        self.keep_specials = keep_specials
        self._running = self._run()

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> dict[str, Any] | None:
        """The structural tag whose texts this format reads; None where there is none.

        `at_least_one`: nothing but calls; otherwise any text, and calls as the format writes them.
        `several`: more than one call is allowed.
        """
        return None

    def steps(self) -> Steps[None]:
        """Reads the whole text."""
        raise NotImplementedError

    def feed(self, text: str, specials: Sequence[Span] = ()) -> list[Part]:
        """What is certain after the next piece."""
        self.buffer.push(text, specials)
        next(self._running, None)
        return self.message.take()

    def finish(self, end: str = "", *, shown: int | None = SHOWN) -> list[Part]:
        """What was held back."""
        self.close(end, shown=shown)
        next(self._running, None)
        self.message.close()
        return self.message.take()

    @property
    def reasoning(self) -> bool:
        """No: calls come after the thoughts."""
        return False

    def text_until(self, *openers: str) -> Steps[str]:
        """Lets text of the answer pass, up to one of some of the markers; which, or "" at the text's end."""
        buffer = self.buffer
        while True:
            match = self.markers.find(buffer.text, buffer.at)
            if match is None:
                certain = len(buffer.text) if buffer.closed else self.markers.certain(buffer.text, buffer.at)
                self.read(certain)
                self.release()
                if buffer.closed:
                    return ""
                yield
                continue
            self.read(match.start())
            self.release()
            marker = self.read(match.end())
            if marker in openers:
                if marker in self.openers:
                    yield from self._repeated(marker)
                return marker
            if marker in self.closers and self.message.after_call:
                self.forget()
                self.message.close_calls()
            elif not self.keeps_markers:
                self.forget()
            else:
                self.release()

    def _repeated(self, opener: str) -> Steps[None]:
        """Reads repetitions of what opens a call, and white space around them: a model may write it twice."""
        yield from self.blank()
        while (yield from self.accept(opener)):
            yield from self.blank()

    def call(self, *calls: CalledTool) -> None:
        """Hands calls out: they are what was read."""
        self.raw.clear()
        self.message.call(*calls)

    def release(self) -> None:
        """What was read is text of the answer."""
        piece = join(self.raw)
        self.raw.clear()
        kept = self.markers.pattern if self.keeps_markers else None
        self.message.say(piece.text if self.keep_specials else plain(piece, kept))

    def forget(self) -> None:
        """What was read means nothing."""
        self.raw.clear()

    def _run(self) -> Steps[None]:
        yield from self.steps()
        self.release()
        yield from self.text_until()
