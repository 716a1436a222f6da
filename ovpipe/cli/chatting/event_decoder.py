"""EventDecoder: server-sent events from bytes, however they are cut into pieces."""

from __future__ import annotations

import codecs
import re

from ovpipe.cli.chatting.transport import ChatError

LINE_END = re.compile(rb"\r\n|\n|\r")
MAX_EVENT_BYTES = 16 * 1024 * 1024
"""The largest event; the decoder keeps an event until it is complete."""


class EventDecoder:
    """Returns the data of each event as soon as its last byte has come.

    It follows the HTML standard, section "Interpreting an event stream": lines end in LF, CR or CRLF, an
    empty line ends an event, line feeds join several `data` lines, and lines that begin with a colon are
    comments. It ignores other fields, and an event that the end of the stream cuts off.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        """The last line, as much of it as has come."""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that this piece completes."""
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        self._after_cr |= piece.endswith(b"\r")
        events = []
        rest, *others = LINE_END.split(piece)
        self._line += rest
        for begin in others:
            if event := self._take(bytes(self._line)):
                events.append(event)
            self._line = bytearray(begin)
        if len(self._line) + self._data_bytes > self._max_event_bytes:
            raise ChatError(f"the answer has an event of more than {self._max_event_bytes} bytes")
        return events

    def _take(self, line: bytes) -> str:
        """The data of the event that this line ends; empty for any other line."""
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line:
            data, self._data, self._data_bytes = self._data, [], 0
            return b"\n".join(data).decode(errors="replace")
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value)
        return ""
