"""Content-Encoding: compressed bodies, decoded in bounded slices as they come.

zlib alone decodes: brotli and zstd are no part of Python, and a body that needs them is refused by name.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from ovpipe.serving.refusals import broken_coding, too_many_codings, unknown_coding

SLICE: Final = 64 * 1024
"""Bytes that one turn of the event loop decodes at most."""
MOST_CODINGS: Final = 4
"""One after the other. What is compressed twice is a mistake; more is an attack."""
MOST_MEMBERS: Final = 1_024
"""Of one gzip body, which may be several joined: parallel compressors write one for each block."""
GZIP_MAGIC: Final = b"\x1f\x8b"
TAKEN: Final = ("gzip", "deflate")
NOT_TAKEN: Final = {"br": "Brotli (br)", "zstd": "Zstandard (zstd)", "compress": "compress"}
"""Codings that clients have; others are not named in an answer, which never quotes the client's bytes."""
OTHER_NAMES: Final = {"x-gzip": "gzip"}


def decoders_of(headers: Iterable[str]) -> tuple[Decoder, ...]:
    """The decoders of Content-Encoding headers, the last coding first; RequestError 415 for one not known."""
    named = [name.strip().lower() for header in headers for name in header.split(",")]
    codings = [OTHER_NAMES.get(name, name) for name in named if name not in ("", "identity")]
    for coding in codings:
        if coding not in TAKEN:
            raise unknown_coding(NOT_TAKEN.get(coding), TAKEN)
    if len(codings) > MOST_CODINGS:
        raise too_many_codings(MOST_CODINGS)
    return tuple(Decoder(coding) for coding in reversed(codings))


def decoded(decoders: Sequence[Decoder], data: bytes) -> Iterator[bytes]:
    """The next piece of a body, decoded, in slices; each took a bounded time, and some are empty."""
    if not decoders:
        yield data
        return
    for piece in decoders[0].feed(data):
        yield from decoded(decoders[1:], piece)


class Decoder:
    """One coding of one body. RequestError 400 says in which way the bytes are not of that coding."""

    def __init__(self, coding: str) -> None:
        self.made = 0
        """Bytes so far."""
        self._coding = coding
        self._inflate: Any = None
        """zlib's, within a member: from its first two bytes to its checksum."""
        self._begun = b""
        """The first byte of a member, as long as there is no second."""
        self._members = 0
        self._full = False
        """Whether the last slice was, so that zlib may hold more than it."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes give, in slices. To be read to the end."""
        while data or self._full:
            if self._inflate is None:
                data = self._begun + data
                if len(data) < 2:
                    self._begun = data
                    return
                self._begun = b""
                self._inflate = self._new_member(data[:2])
            piece, data = self._step(data)
            self.made += len(piece)
            self._full = len(piece) == SLICE and self._inflate is not None
            yield piece

    def finish(self) -> None:
        """The body has come to its end, and so must the coding."""
        if self._inflate is not None or self._begun or not self._members:
            raise broken_coding(self._coding, "goes on after its end" if self._over else "is cut short")

    @property
    def _over(self) -> bool:
        return self._inflate is None and self._members > 0

    def _new_member(self, head: bytes) -> Any:
        if self._over and (self._coding != "gzip" or head != GZIP_MAGIC):
            raise broken_coding(self._coding, "goes on after its end")
        if self._coding == "gzip" and head != GZIP_MAGIC:
            raise broken_coding(self._coding, "does not begin as such")
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise broken_coding(self._coding, f"has more than {MOST_MEMBERS} members")
        if self._coding == "gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        return zlib.decompressobj(zlib.MAX_WBITS if _is_zlib(head) else -zlib.MAX_WBITS)

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """One slice, and what is left to decode."""
        inflate = self._inflate
        try:
            piece: bytes = inflate.decompress(data, SLICE)
        except zlib.error as error:
            checked = "data check" in str(error) or "length check" in str(error)
            wrong = "has a wrong checksum" if checked else "is damaged"
            raise broken_coding(self._coding, wrong) from None
        if inflate.eof:
            self._inflate = None
            return piece, inflate.unused_data
        return piece, inflate.unconsumed_tail


def _is_zlib(head: bytes) -> bool:
    """Whether these two bytes are a header of zlib (RFC 1950). Many clients send deflate without it."""
    return head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and int.from_bytes(head, "big") % 31 == 0
