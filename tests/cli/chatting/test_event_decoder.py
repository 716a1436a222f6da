"""Server-sent events out of bytes, however they are cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.cli.chatting.event_decoder import EventDecoder
from ovpipe.cli.chatting.transport import ChatError

LINE_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[str], list[int]]:
    """A stream, the data of its events, and places to cut it at."""
    end = draw(st.sampled_from(["\n", "\r", "\r\n"]))
    lines = [draw(st.sampled_from(["", "\ufeff"]))]
    expected = []
    for event in draw(st.lists(st.lists(LINE_TEXT, max_size=3), max_size=5)):
        for text in event:
            lines += draw(st.sampled_from([[], [f": {text}"], ["event: delta"], [f"data2: {text}"], ["id"]]))
            lines.append(
                f"data: {text}" if text.startswith(" ") else draw(st.sampled_from(["data: ", "data:"])) + text
            )
        lines.append("")
        if data := "\n".join(event):
            expected.append(data)
    bom, *rest = lines
    stream = (bom + "".join(line + end for line in rest)).encode()
    return stream, expected, draw(st.lists(st.integers(0, len(stream)), max_size=8))


def pieces(stream: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    """The stream, cut."""
    return (stream[begin:end] for begin, end in pairwise([0, *sorted(cuts), len(stream)]))


@given(streams())
def test_any_cut_of_the_bytes_gives_the_same_events(example: tuple[bytes, list[str], list[int]]) -> None:
    stream, expected, cuts = example
    decoder = EventDecoder()
    assert [event for piece in pieces(stream, cuts) for event in decoder.feed(piece)] == expected
    decoder = EventDecoder()
    assert [event for byte in stream for event in decoder.feed(bytes([byte]))] == expected


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_an_event_is_there_with_the_first_byte_that_ends_it(end: bytes) -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: one" + end) == []
    assert decoder.feed(end[:1]) == ["one"]
    assert decoder.feed(end[1:] + b"data: two" + end + end) == ["two"]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b": a comment\n\ndata: one\n\n", ["one"]),
        (b"event: x\nid: 7\nretry: 3\ndata: one\n\n", ["one"]),
        (b"data\ndata:\n\n", ["\n"]),
        (b"data:\n\n", []),
        (b"data:  two spaces\n\n", [" two spaces"]),
        (b"data: a: b\n\n", ["a: b"]),
        (b"\xef\xbb\xbfdata: one\n\n", ["one"]),
        (b"data: \xff\n\n", ["\N{REPLACEMENT CHARACTER}"]),
        (b"data: one\n\ndata: cut off", ["one"]),
        (b"data: one\n\ndata: cut off\n", ["one"]),
    ],
)
def test_lines_are_read_as_the_standard_says(stream: bytes, events: list[str]) -> None:
    assert EventDecoder().feed(stream) == events


@pytest.mark.parametrize("line", [b"x" * 100, b"data: " + b"x" * 100 + b"\n"])
def test_an_event_without_end_is_given_up(line: bytes) -> None:
    decoder = EventDecoder(max_event_bytes=1000)
    for _ in range(9):
        assert decoder.feed(line) == []
    with pytest.raises(ChatError, match="an event of more than 1000 bytes"):
        for _ in range(2):
            decoder.feed(line)


def test_the_size_of_all_events_together_is_not_bounded() -> None:
    decoder = EventDecoder(max_event_bytes=1000)
    for _ in range(50):
        assert decoder.feed(b"data: " + b"x" * 900 + b"\n\n") == ["x" * 900]
