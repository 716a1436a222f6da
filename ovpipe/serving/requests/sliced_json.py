"""JSON in slices: a large text becomes a value bit by bit, so that between two bits others have their turn.

A call of the standard library's parser keeps the event loop, and every thread, for its whole length. So no
call here gets more than `SLICE` bytes. Members that fit together into a slice are parsed at once. One that
does not is entered, if it is an object or a list, or read in pieces, if it is a string.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, Final

SLICE: Final = 32 * 1024
"""Bytes that one call gets: some milliseconds of the densest JSON."""
MOST_BRACKETS: Final = 2_000
"""Brackets that are looked at one by one before others have their turn."""

# What is between two brackets: strings that end within it are gone past as a whole. Group 1 is the last
# comma. Possessive: whatever the bytes are, each is looked at once.
GAP: Final = re.compile(rb'(?:[^",\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"|(,))*+', re.DOTALL)
WHITESPACE: Final = re.compile(rb"[ \t\n\r]*+")
SCALAR: Final = re.compile(rb"[^ \t\n\r,\[\]{}\"]++")
# As much of a string as may stand alone: no escape is cut, and no pair of surrogates.
HALF: Final = rb"[dD][89abAB][0-9a-fA-F]{2}"
PIECE: Final = re.compile(
    rb'(?:[^"\\]++|\\(?:[^u]|u(?:(?!' + HALF + rb")[0-9a-fA-F]{4}"
    rb"|" + HALF + rb"(?:\\u[0-9a-fA-F]{4}|(?=[^\\])|(?=\\[^u])))))*+",
    re.DOTALL,
)
OPENING: Final = {ord("["): ord("]"), ord("{"): ord("}")}
QUOTE: Final = ord('"')
COMMA: Final = ord(",")
COLON: Final = ord(":")


class NotJson(Exception):
    """The text is no JSON from this byte on."""

    def __init__(self, at: int) -> None:
        super().__init__(f"byte {at}")
        self.at = at


class Container:
    """An object or a list that does not fit into a slice, as far as it is read."""

    def __init__(self, opening: int) -> None:
        self.value: Any = {} if opening == ord("{") else []
        self.closing = OPENING[opening]
        self.brackets = (b"{", b"}") if opening == ord("{") else (b"[", b"]")
        self.key: str | None = None
        """Of the member that is being read."""
        self.after_comma = False

    @property
    def is_object(self) -> bool:
        """Whether it has keys."""
        return self.closing == ord("}")


Load = Callable[[bytes, int], Any]
"""Parses some bytes, which stand at a place in the text, but for the bracket that was put before them."""


class SlicedJson:
    """A JSON text that is an object or a list. `read` yields after each slice and returns it, or None
    for a text that is neither.

    `load` parses a slice. `merge` puts members into the object or list that has those before. `entered` gets
    the depth and the number of objects and lists so far, and may raise. Raises NotJson.
    """

    def __init__(
        self,
        body: bytes,
        load: Load,
        merge: Callable[[Any, Any], None],
        entered: Callable[[int, int], None],
    ) -> None:
        self._body = body
        self._load = load
        self._merge = merge
        self._entered = entered
        self._stack: list[Container] = []
        self._containers = 0

    def read(self) -> Generator[None, None, Any]:
        """The value, slice by slice."""
        at = yield from self._blank(0)
        if self._byte(at) not in OPENING:
            return None
        root = self._enter(at)
        at += 1
        while self._stack:
            at = yield from self._blank(at)
            at = yield from self._members(at, self._stack[-1])
            yield
        at = yield from self._blank(at)
        if at < len(self._body):
            raise NotJson(at)
        return root.value

    def _members(self, at: int, top: Container) -> Generator[None, None, int]:
        """Reads members up to the end of a slice, or one that is larger; where the next begins."""
        cut, end, containers = yield from self._scan(at, top)
        if end >= 0:
            self._take(top, at, end, last=True)
            self._containers = containers
            self._stack.pop()
            if not self._stack:
                return end + 1
            self._put(self._stack[-1], top.value)
            return (yield from self._after_value(end + 1))
        if cut >= 0:
            self._take(top, at, cut, last=False)
            self._containers = containers
            top.after_comma = True
            return cut + 1
        return (yield from self._large_member(at, top))

    def _scan(self, at: int, top: Container) -> Generator[None, None, tuple[int, int, int]]:
        """The last comma of `top` within a slice, its end if it is there, and the containers up to there."""
        body, stop = self._body, at + SLICE
        depth, cut, containers, until_cut = 0, -1, self._containers, self._containers
        for seen in count(1):
            if seen % MOST_BRACKETS == 0:
                yield
            gap = GAP.match(body, at, stop)
            assert gap is not None
            at = gap.end()
            if depth == 0 and gap[1]:
                cut, until_cut = gap.start(1), containers
            if at >= stop or at >= len(body) or body[at] == QUOTE:
                return cut, -1, until_cut
            if body[at] in OPENING:
                depth += 1
                containers += 1
                self._entered(len(self._stack) + depth, containers)
            elif depth:
                depth -= 1
            elif body[at] == top.closing:
                return cut, at, containers
            else:
                raise NotJson(at)
            at += 1
        raise AssertionError("it looks on until it has found one of them")

    def _take(self, top: Container, at: int, end: int, *, last: bool) -> None:
        """Parses members that are there as a whole."""
        part = self._body[at:end]
        if not part.strip(b" \t\n\r"):
            if not last or top.after_comma:
                raise NotJson(end)
            return
        if last and not top.after_comma and top.value:
            raise NotJson(at)
        opening, closing = top.brackets
        self._merge(top.value, self._load(opening + part + closing, at))

    def _large_member(self, at: int, top: Container) -> Generator[None, None, int]:
        if top.is_object:
            if self._byte(at) != QUOTE:
                raise NotJson(at)
            top.key, at = yield from self._string(at)
            at = yield from self._blank(at)
            if self._byte(at) != COLON:
                raise NotJson(at)
            at = yield from self._blank(at + 1)
        first = self._byte(at)
        if first in OPENING:
            self._enter(at)
            return at + 1
        value: Any
        if first == QUOTE:
            value, at = yield from self._string(at)
        else:
            scalar = SCALAR.match(self._body, at, at + SLICE)
            if scalar is None:
                raise NotJson(at)
            (value,) = self._load(b"[" + scalar[0] + b"]", at)
            at = scalar.end()
        self._put(top, value)
        return (yield from self._after_value(at))

    def _string(self, at: int) -> Generator[None, None, tuple[str, int]]:
        """A string, and where it has ended."""
        pieces: list[str] = []
        begin = at
        at += 1
        while True:
            piece = PIECE.match(self._body, at, at + SLICE)
            assert piece is not None
            end = self._between_characters(piece.end())
            if end > at:
                pieces += self._load(b'["' + self._body[at:end] + b'"]', at - 1)
            elif self._byte(at) == QUOTE:
                return "".join(pieces), at + 1
            else:
                raise NotJson(begin)
            at = end
            yield

    def _between_characters(self, at: int) -> int:
        """The same place, or that before the character of UTF-8 which it is within."""
        for end in range(at, at - 4, -1):
            if end >= len(self._body) or self._body[end] & 0xC0 != 0x80:
                return end
        return at

    def _after_value(self, at: int) -> Generator[None, None, int]:
        """Where the next member begins, or the bracket that closes stands."""
        at = yield from self._blank(at)
        top = self._stack[-1]
        top.after_comma = self._byte(at) == COMMA
        if top.after_comma:
            return at + 1
        if self._byte(at) != top.closing:
            raise NotJson(at)
        return at

    def _blank(self, at: int) -> Generator[None, None, int]:
        """Where the next character is that is none of whitespace."""
        while True:
            blank = WHITESPACE.match(self._body, at, at + SLICE)
            assert blank is not None
            if blank.end() < at + SLICE:
                return blank.end()
            at = blank.end()
            yield

    def _byte(self, at: int) -> int:
        """The byte there; raises NotJson at the end of the text."""
        if at >= len(self._body):
            raise NotJson(at)
        return self._body[at]

    def _enter(self, at: int) -> Container:
        container = Container(self._body[at])
        self._stack.append(container)
        self._containers += 1
        self._entered(len(self._stack), self._containers)
        return container

    def _put(self, top: Container, value: Any) -> None:
        self._merge(top.value, {top.key: value} if top.is_object else [value])
        top.after_comma = False
