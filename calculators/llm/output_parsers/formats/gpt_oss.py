"""GptOss: the harmony format of gpt-oss, which holds thoughts, answer and calls in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.pieces import join, plain
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

START, CHANNEL, CONSTRAIN, MESSAGE = "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>"
ENDS = ("<|end|>", "<|call|>", "<|return|>")
HEADER = (START, CHANNEL, CONSTRAIN, MESSAGE)
# The recipient stands in the role or after the channel; a content type may follow it.
ROLE_RECIPIENT = re.compile(r"\s*(?:assistant)?\s*to=functions\.(\S+)\s*")
CHANNEL_RECIPIENT = re.compile(r"(?:analysis|commentary) to=functions\.(\S+)(?:\s+\w+)?\s*")
CALLING_CHANNEL = re.compile(r"(?:analysis|commentary)(?:\s+\w+)?\s*")
THOUGHT: Final = guides.tag(f"{CHANNEL}analysis{MESSAGE}", {"type": "any_text"}, f"<|end|>{START}assistant")


class GptOss(ToolFormat):
    """`<|start|>assistant<|channel|>NAME<|message|>text<|end|>`, message after message.

    The channel analysis is thoughts, final and commentary are the answer; to=functions.NAME makes a message
    a call, in analysis too, with its text as the arguments as they stand. Any other channel or recipient is
    ignored. So is a call that nothing closes, neither a marker nor the token that ended the sequence.
    """

    markers = Markers(*HEADER, *ENDS)
    keeps_markers = False

    def __init__(
        self, tools: Sequence[Tool] = (), *, keep_specials: bool = False, thoughts: bool = True
    ) -> None:
        super().__init__(tools, keep_specials=keep_specials)
        self._thoughts = thoughts
        self._body: Literal["answer", "thought", "nothing"] = "answer"
        """What text is now."""

    @classmethod
    def guide(cls, tools: Sequence[Tool], *, at_least_one: bool, several: bool) -> guides.Guide:
        """One call, since it ends the sequence; with `at_least_one` nothing but a thought before it."""
        opening = f"{CHANNEL}commentary to=functions."
        calls = [
            guides.arguments(
                f"{opening}{tool.name} {CONSTRAIN}json{MESSAGE}",
                tool,
                "",
                at_least_one=at_least_one,
            )
            for tool in tools
        ]
        if not at_least_one:
            return guides.structural_tag(guides.triggered([opening], calls, several=False))
        call = guides.either(guides.merged(calls))
        return guides.structural_tag(guides.either([guides.sequence(THOUGHT, call), call]))

    @classmethod
    def answer_guide(cls, answer: guides.Guide, *, thoughts: bool) -> guides.Guide:
        """What an answer must be, in its channel, after thoughts in theirs; or alone, as it is read too."""
        final = guides.sequence({"type": "const_string", "value": f"{CHANNEL}final{MESSAGE}"}, answer)
        thinking = [guides.sequence(THOUGHT, final)] if thoughts else []
        return guides.either([*thinking, final, answer])

    @property
    def reasoning(self) -> bool:
        """Whether the message is thoughts."""
        return self._body == "thought"

    def steps(self) -> Steps[None]:
        """Reads message after message."""
        role, marker = yield from self._first()
        while marker:
            self.forget()
            channel = None
            if marker == START:
                role, marker = yield from self.until(*HEADER, *ENDS)
            if marker == CHANNEL:
                channel, marker = yield from self.until(*HEADER, *ENDS)
            if marker == CONSTRAIN:
                _, marker = yield from self.until(*HEADER, *ENDS)
            self.forget()
            if marker == MESSAGE:
                marker = yield from self._message(role, channel)
            role = ""
            while marker in (*ENDS, CONSTRAIN):
                marker = yield from self._between()

    def _first(self) -> Steps[tuple[str, str]]:
        """The role, which the prompt has begun, and the first message's marker. Other text is the answer."""
        yield from self.blank()
        if (yield from self.ahead("to=")):
            role, marker = yield from self.until(CHANNEL, MESSAGE)
            if marker:
                return role, marker
        self.release()
        return "", (yield from self.text_until(START, CHANNEL, MESSAGE))

    def _message(self, role: str, channel: str | None) -> Steps[str]:
        """A message's text; the marker after it."""
        name = recipient(role, channel)
        if name and self.tools:
            text, marker = yield from self.until(START, CHANNEL, *ENDS)
            if marker or self.buffer.end:
                self.call(CalledTool(name, text))
            self.forget()
            return marker
        if name or channel in (None, "final", "commentary"):
            self._body = "answer"
        elif channel == "analysis":
            self._body = "thought" if self._thoughts else "answer"
        else:
            self._body = "nothing"
        marker = yield from self.text_until(START, CHANNEL, *ENDS)
        self._body = "answer"
        return marker

    def _between(self) -> Steps[str]:
        """Text between messages, where none belongs; the marker after it."""
        text, marker = yield from self.until(*HEADER, *ENDS)
        if marker:
            self.raw.pop()
        if text.strip():
            self.release()
        self.forget()
        return marker

    def release(self) -> None:
        """What was read is text of the message."""
        if self._body == "answer":
            super().release()
            return
        piece = join(self.raw)
        self.forget()
        if self._body == "thought":
            self.message.think(piece.text if self.keep_specials else plain(piece))


def recipient(role: str, channel: str | None) -> str:
    """The function that a message is for; "" if it is for none."""
    match = ROLE_RECIPIENT.fullmatch(role)
    if match is not None and (channel is None or CALLING_CHANNEL.fullmatch(channel)):
        return match.group(1)
    match = CHANNEL_RECIPIENT.fullmatch(channel or "")
    return match.group(1) if match is not None else ""
