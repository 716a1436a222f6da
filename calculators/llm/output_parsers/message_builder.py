"""MessageBuilder: collects the parts of a message and sorts out the white space around calls."""

from __future__ import annotations

from ovpipe.calculators.llm.packets import CalledTool, Content, Part, Reasoning


class MessageBuilder:
    """The parts so far, until they are taken.

    White space that stands alone beside a call (before the first, between two, after the last) only sets
    it apart and is no content. So white space at the start and after a call is held until it is
    known what follows. `drops_breaks_after_calls`: line breaks before text after a call are none either.
    """

    def __init__(self, *, drops_breaks_after_calls: bool = False, drops_after_calls: bool = False) -> None:
        self._drops_breaks = drops_breaks_after_calls
        self._drops = drops_after_calls
        self._parts: list[Part] = []
        self._gap: list[str] | None = []
        """White space that is held; None: the last thing was text."""
        self.called = False
        """Whether there was a call."""

    def say(self, text: str) -> None:
        """Adds text of the answer."""
        if not text or (self.called and self._drops):
            return
        if self._gap is not None:
            if text.isspace():
                self._gap.append(text)
                return
            gap, self._gap = "".join(self._gap), None
            text = gap + text
            if self.called and self._drops_breaks:
                text = text.lstrip("\r\n")
        self._parts.append(Content(text))

    def think(self, text: str) -> None:
        """Adds thoughts."""
        if text:
            self._parts.append(Reasoning(text))

    def call(self, *calls: CalledTool) -> None:
        """Adds calls."""
        self._parts.extend(calls)
        self.called = True
        self._gap = []

    def close_calls(self) -> None:
        """Says that what closes calls has come: white space before it is not part of what follows."""
        self._gap = []

    @property
    def after_call(self) -> bool:
        """Whether nothing but white space has come since the last call."""
        return self.called and self._gap is not None

    def close(self) -> None:
        """Says that the message is over."""
        if self._gap and not self.called:
            self._parts.append(Content("".join(self._gap)))
        self._gap = None

    def take(self) -> list[Part]:
        """The parts since the last time."""
        parts, self._parts = self._parts, []
        return parts
