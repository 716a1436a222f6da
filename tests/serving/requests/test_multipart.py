"""Multipart bodies, well formed and not."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.errors import RequestError
from ovpipe.http import FormData, FormFile
from ovpipe.serving.requests.multipart import MOST_PARTS, boundary_of, form_of, parse_form

FIELD = b'Content-Disposition: form-data; name="a"'


def body(*parts: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"--b\r\n%s\r\n\r\n%s\r\n" % part for part in parts) + b"--b--\r\n"


def refusal(text: bytes) -> str:
    with pytest.raises(RequestError) as raised:
        form_of(text, b"b")
    assert (raised.value.status, raised.value.code) == (400, "invalid_body")
    return raised.value.message.removeprefix("The request body is not a valid form: ")


def test_fields_and_files_are_told_apart_by_their_filename() -> None:
    file = FIELD + b'; filename="x.txt"\r\ncontent-TYPE: text/csv'
    assert form_of(body((FIELD, b"1"), (file, b"\x00\xff"), (FIELD, b"")), b"b") == FormData(
        {"a": ("1", "")}, (FormFile("a", "x.txt", "text/csv", b"\x00\xff"),)
    )


@pytest.mark.parametrize(
    ("given", "filename"),
    [
        (b'filename="a \\"b\\" \\\\ c;d"', 'a "b" \\ c;d'),
        (b"filename=plain.txt", "plain.txt"),
        (b"filename*=UTF-8''z%C3%A4h", "z\u00e4h"),
        ('filename="z\u00e4h"'.encode(), "z\u00e4h"),
        (b'filename="C:\\new"', "C:\\new"),
        (b'filename=""', ""),
    ],
)
def test_filenames_are_read_as_clients_write_them(given: bytes, filename: str) -> None:
    assert form_of(body((FIELD + b"; " + given, b"")), b"b").files[0].filename == filename


@given(st.lists(st.tuples(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), st.binary())))
def test_whatever_bytes_files_hold_come_out(files: list[tuple[str, bytes]]) -> None:
    boundary = b"kept-out-of-all-files"
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\n\r\n%s\r\n'
        % (boundary, name.encode(), data)
        for name, data in files
    ]
    form = form_of(b"".join(parts) + b"--" + boundary + b"--", boundary)
    assert [(file.name, file.data) for file in form.files] == files


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_form_or_a_refusal(noise: bytes) -> None:
    for text in (noise, b"--b" + noise, b"--b\r\n" + FIELD + noise + b"\r\n--b--"):
        try:
            form_of(text, b"b")
        except RequestError as error:
            assert error.status == 400


def test_what_stands_around_the_parts_is_skipped() -> None:
    assert form_of(b"hello\r\n" + body((FIELD, b"1")) + b"bye", b"b").fields == {"a": ("1",)}
    assert form_of(b"--b \t\r\n" + FIELD + b"\r\n\r\n1\r\n--b--", b"b").fields == {"a": ("1",)}
    assert form_of(b"--b--", b"b") == FormData()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "its boundary does not occur in it."),
        (b"--other--", "its boundary does not occur in it."),
        (b"--b\r\n" + FIELD + b"\r\n\r\n1", "it ends without its closing boundary."),
        (b"--bc\r\n" + FIELD + b"\r\n\r\n1\r\n--b--", "a boundary is not followed by the end of its line."),
        (b"--b\r\n" + FIELD + b"\r\n--b--", "a part has no empty line after at most 8192 bytes of headers."),
        (
            b"--b\r\n" + FIELD + b"\r\n\r\n--b--",
            "a part has no empty line after at most 8192 bytes of headers.",
        ),
        (body((FIELD + b"\r\nx: " + b"y" * 9000, b"")), "a part has no empty line after at most 8192 bytes"),
        (body((b"no header", b"")), "a part has a malformed header."),
        (body((b"x: y", b"")), "a part has no 'Content-Disposition: form-data' with a name."),
        (body((b"Content-Disposition: form-data", b"")), "a part has no 'Content-Disposition: form-data'"),
        (body((FIELD + b'; filename="x', b"")), "a header's parameters are malformed."),
        (body((FIELD, b"\xff")), "a field or a header of it is not valid UTF-8."),
        (body(*[(FIELD, b"")] * (MOST_PARTS + 1)), "it has more than 1000 parts."),
    ],
)
def test_what_is_not_well_formed_is_refused_with_its_reason(text: bytes, why: str) -> None:
    assert refusal(text).startswith(why)


def test_a_quoted_boundary_is_read() -> None:
    assert boundary_of('Multipart/Form-Data; charset=utf-8; boundary="a b=c"') == b"a b=c"


def test_a_hostile_megabyte_is_read_in_linear_time() -> None:
    began = time.perf_counter()
    for hostile in (
        b"\r\n--" * 250_000,
        b"--b\r\n" * 200_000,
        b"--b\r\n" + FIELD + b"; " + b'a="' * 2_000 + b"\r\n\r\n\r\n--b--",
        b"--b\r\n" + b"\r\n" * 500_000 + b"--b--",
    ):
        refusal(hostile)
    assert time.perf_counter() - began < 2


def test_a_large_form_is_parsed_beside_the_loop() -> None:
    data = b"x" * 1_000_000
    form = asyncio.run(parse_form(body((FIELD + b"; filename=f", data)), b"b"))
    assert form.files[0].data == data
