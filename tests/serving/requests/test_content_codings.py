"""Content-Encoding: how much is decoded at a time, and that nothing is decoded that nobody takes."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.requests.content_codings import SLICE, decoded, decoders_of

TEXT = b"packets and streams, " * 30_000


@pytest.mark.parametrize("size", [1, 2, 3, 1000, 10**6])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:5]) + gzip.compress(TEXT[5:])),
        ("deflate", zlib.compress(TEXT)),
        ("gzip, deflate, gzip", gzip.compress(zlib.compress(gzip.compress(TEXT)))),
    ],
)
def test_however_the_bytes_come_the_text_is_the_same(encoding: str, packed: bytes, size: int) -> None:
    decoders = decoders_of([encoding])
    pieces = [
        piece for at in range(0, len(packed), size) for piece in decoded(decoders, packed[at : at + size])
    ]
    for decoder in decoders:
        decoder.finish()
    assert b"".join(pieces) == TEXT


def test_a_turn_decodes_a_slice_and_the_rest_waits_until_it_is_taken() -> None:
    bomb = gzip.compress(gzip.compress(b"a" * 100_000_000))
    outer, inner = decoders = decoders_of(["gzip, gzip"])
    slices = decoded(decoders, bomb)
    assert len(next(slices)) <= SLICE
    assert outer.made <= SLICE
    assert inner.made <= SLICE
    for _ in range(9):
        assert len(next(slices)) <= SLICE
    assert inner.made <= 10 * SLICE  # of a hundred million


def test_what_ends_with_a_full_slice_is_whole() -> None:
    for size in (SLICE, 2 * SLICE):
        (decoder,) = decoders = decoders_of(["gzip"])
        noise = random.Random(1).randbytes(size)
        assert b"".join(decoded(decoders, gzip.compress(noise))) == noise
        decoder.finish()


@pytest.mark.parametrize("headers", [[], ["identity"], ["", "identity, identity"]])
def test_what_has_no_coding_passes_as_it_is(headers: list[str]) -> None:
    assert list(decoded(decoders_of(headers), b"abc")) == [b"abc"]


def test_several_headers_are_one_list() -> None:
    assert len(decoders_of(["gzip", "x-gzip"])) == 2


def test_damage_is_found_before_the_end() -> None:
    (decoder,) = decoders = decoders_of(["deflate"])
    packed = bytearray(zlib.compress(TEXT))
    packed[40:60] = bytes(20)
    with pytest.raises(RequestError, match="is not valid deflate"):
        list(decoded(decoders, bytes(packed)))
    assert decoder.made < len(TEXT)
