"""ToolFormat: a form in which models write their calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ovpipe.calculators.llm.output_parsers.answer import Answer
from ovpipe.calculators.llm.output_parsers.readers.pieces import Span, join, plain
from ovpipe.calculators.llm.output_parsers.readers.reader import Reader, Steps
from ovpipe.calculators.llm.packets import CalledTool, Part, Tool


class ToolFormat(Reader):
    """Reads one form of calls; an OutputParser. A format is a subclass with `markers` and `steps`.

    What `steps` reads becomes a call by `call`, text of the answer by `release`, or nothing by `forget`.
    """

    keeps_markers: ClassVar[bool] = True
    """Whether markers that belong to no call are text, special tokens or not, rather than nothing."""
    closers: ClassVar[tuple[str, ...]] = ()
    """Markers that mean nothing right after a call."""
    trims_after_calls: ClassVar[bool] = False
    drops_after_calls: ClassVar[bool] = False

    def __init__(self, tools: Sequence[Tool] = (), *, keep_specials: bool = False) -> None:
        super().__init__()
        self.tools = tuple(tools)
        self.answer = Answer(
            trims_after_calls=self.trims_after_calls, drops_after_calls=self.drops_after_calls
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
        self.source.push(text, specials)
        next(self._running, None)
        return self.answer.take()

    def finish(self, end: str = "") -> list[Part]:
        """What was held back."""
        self.source.close(end)
        next(self._running, None)
        self.answer.close()
        return self.answer.take()

    @property
    def reasoning(self) -> bool:
        """No: calls come after the thoughts."""
        return False

    def text_until(self, *openers: str) -> Steps[str]:
        """Lets text of the answer pass, up to one of some of the markers; which, or "" at the text's end."""
        source = self.source
        while True:
            match = self.markers.find(source.text, source.at)
            if match is None:
                certain = len(source.text) if source.closed else self.markers.certain(source.text, source.at)
                self.read(certain)
                self.release()
                if source.closed:
                    return ""
                yield
                continue
            self.read(match.start())
            self.release()
            marker = self.read(match.end())
            if marker in openers:
                return marker
            if not self.keeps_markers or (marker in self.closers and self.answer.after_call):
                self.forget()
            else:
                self.release()

    def call(self, *calls: CalledTool) -> None:
        """Hands calls out: they are what was read."""
        self.raw.clear()
        self.answer.call(*calls)

    def release(self) -> None:
        """What was read is text of the answer."""
        piece = join(self.raw)
        self.raw.clear()
        kept = self.markers.pattern if self.keeps_markers else None
        self.answer.say(piece.text if self.keep_specials else plain(piece, kept))

    def forget(self) -> None:
        """What was read means nothing."""
        self.raw.clear()

    def _run(self) -> Steps[None]:
        yield from self.steps()
        self.release()
        yield from self.text_until()
