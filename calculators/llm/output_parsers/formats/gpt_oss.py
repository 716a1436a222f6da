"""GptOss: the harmony format of gpt-oss, which holds thoughts, answer and calls in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from ovpipe.calculators.llm.output_parsers import guides
from ovpipe.calculators.llm.output_parsers.formats.tool_format import ToolFormat
from ovpipe.calculators.llm.output_parsers.readers.json_text import is_json
from ovpipe.calculators.llm.output_parsers.readers.markers import Markers
from ovpipe.calculators.llm.output_parsers.readers.pieces import join, plain
from ovpipe.calculators.llm.output_parsers.readers.text_reader import Steps
from ovpipe.calculators.llm.packets import CalledTool, Tool

START, CHANNEL, CONSTRAIN, MESSAGE = "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>"
ENDS = ("<|end|>", "<|call|>", "<|return|>")
HEADER = (START, CHANNEL, CONSTRAIN, MESSAGE)
CHANNELS = ("analysis", "commentary", "final")
WORDS = ("assistant", *CHANNELS, "json")
RECIPIENT = re.compile(
    rf"(?:^|(?<=\s)|{'|'.join(f'(?<={word})' for word in WORDS)})"
    r"to\s*=\s*[\"']?(?:functions\.)?([^\s{\"',]+)[\"',]*"
)
NOBODY = ("all", "assistant", "user")
CONTENT_TYPE = re.compile(r"\s*(?!to\s*=)[^\s{]+")
AFTER_WORD = r"(?=[\s{]|\Z)"
KNOWN = re.compile(
    rf"(?:\s*(?:(?:{'|'.join(WORDS)})(?:(?=to\s*=)|{AFTER_WORD})|{RECIPIENT.pattern}{AFTER_WORD}))*\s*"
)
# What a header can begin with that has lost its first marker.
BARE_HEADERS = ("to=", *(f"{word}{after}" for word in ("assistant", *CHANNELS) for after in ("<|", " to=")))
THOUGHT: Final = guides.tag(f"{CHANNEL}analysis{MESSAGE}", {"type": "any_text"}, f"<|end|>{START}assistant")


class GptOss(ToolFormat):
    """`<|start|>assistant<|channel|>NAME<|message|>text<|end|>`, message after message.

    What stands before `<|message|>` is the header, in whatever order its parts come and however often. A
    recipient (`to=functions.NAME`, or without `functions.`) makes the message a call, with its text as the
    arguments as they stand. Of the others those that name no channel but analysis are thoughts, and all the
    rest is the answer. A blank line parts two messages of a kind. Where nothing closes a call, neither
    a marker nor the token that ended the sequence, whole arguments make it a call and others are text of the
    answer. An object in a header with a recipient that has lost its `<|message|>` is a call as well.
    """

    markers = Markers(*HEADER, *ENDS)
    keeps_markers = False

    def __init__(
        self, tools: Sequence[Tool] = (), *, keep_specials: bool = False, thoughts: bool = True
    ) -> None:
        super().__init__(tools, keep_specials=keep_specials)
        self._thoughts = thoughts
        self._body: Literal["answer", "thought"] = "answer"
        """What text is now."""
        self._analysis = False
        """Whether it stands in the channel analysis."""
        self._apart = False
        """Whether the next text of the answer is another message's than that before it."""
        self._thought = self._thought_apart = False
        """Whether there were thoughts, and whether the next are another message's."""
        self._last = ""
        """The end of the answer so far, without thoughts that are shown as part of it."""

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
        header, marker = yield from self._first()
        while marker:
            if marker == MESSAGE:
                marker = yield from self._message(header)
                header = ""
            elif marker in HEADER:
                if marker == START:
                    self._show(header)
                    header = ""
                text, following = yield from self.until(*HEADER, *ENDS)
                self.forget()
                header += " " + (CONTENT_TYPE.sub("", text, count=1) if marker == CONSTRAIN else text)
                marker = following
            else:
                self._show(header)
                header, marker = yield from self._between()
        self._show(header)

    def _first(self) -> Steps[tuple[str, str]]:
        """What the first header begins with, since the prompt has begun it, and its marker.

        Other text is the answer.
        """
        yield from self.blank()
        if (yield from self.ahead(CONSTRAIN, *BARE_HEADERS)):
            header, marker = yield from self.until(*HEADER, *ENDS)
            if marker in HEADER:
                self.forget()
                return header, marker
            ending = [self.raw.pop()] if marker else []
            self.release()
            self.raw += ending
            return "", marker
        self.release()
        return "", (yield from self.text_until(START, CHANNEL, MESSAGE))

    def _message(self, header: str) -> Steps[str]:
        """A message's text; the marker after it."""
        self.forget()
        match = RECIPIENT.search(header)
        if match is not None and match.group(1) not in NOBODY and self.tools:
            arguments = yield from self.blank()
            while (yield from self.accept(MESSAGE)):
                arguments = yield from self.blank()
            arguments += yield from self.whole_object()
            rest, marker = yield from self.until(START, CHANNEL, *ENDS)
            text = arguments + rest
            if marker or self.buffer.end or is_json(text):
                self.call(CalledTool(match.group(1), text))
            else:
                self._apart = bool(self._last)
                self._say(self.markers.pattern.sub("", text))
            self.forget()
            return marker
        channels = {word for word in header.split() if word in CHANNELS}
        self._analysis = channels == {"analysis"} and match is None
        self._body = "thought" if self._analysis and self._thoughts else "answer"
        self._apart = bool(self._last) and not self._analysis
        self._thought_apart = self._thought
        marker = yield from self.text_until(START, CHANNEL, *ENDS)
        self._body, self._analysis = "answer", False
        return marker

    def _between(self) -> Steps[tuple[str, str]]:
        """Text between messages, where none belongs but a header's; that, and the marker after it."""
        self.forget()
        text, marker = yield from self.until(*HEADER, *ENDS)
        if marker:
            self.raw.pop()
        header = text if KNOWN.fullmatch(text) else ""
        if text and not header:
            self._apart = bool(self._last)
            self.release()
        self.forget()
        return header, marker

    def _show(self, header: str) -> None:
        """What stands in a header without a message and is none of its words, whole or cut off."""
        known = KNOWN.match(header)
        assert known is not None
        text = header[known.end() :]
        match = RECIPIENT.search(header[: known.end()])
        if match is not None and match.group(1) not in NOBODY and self.tools and is_json(text):
            self.call(CalledTool(match.group(1), text))
        elif text and not any(word.startswith(text) for word in (*WORDS, "to=")):
            self._apart = bool(self._last)
            self._say(text)

    def release(self) -> None:
        """What was read is text of the message."""
        piece = join(self.raw)
        self.forget()
        text = piece.text if self.keep_specials else plain(piece)
        if self._body == "thought":
            if text and self._thought_apart:
                self.message.think("\n\n")
                self._thought_apart = False
            self._thought = self._thought or bool(text)
            self.message.think(text)
        elif text:
            self._say(text)

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._apart and not self._last.isspace():
            self.message.say("\n\n")
        self._apart = False
        if not self._analysis:
            self._last = text[-1]
        self.message.say(text)
