"""Multipart forms (RFC 7578): a body that was read within its limit, cut at its boundary.

What is not well formed is refused with fixed wording: an answer never echoes the client's bytes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Final, NoReturn
from urllib.parse import unquote

from ovpipe.errors import RequestError
from ovpipe.http import FormData, FormFile
from ovpipe.serving.refusals import wrong_content_type

MOST_PARTS: Final = 1_000
MOST_HEADER_BYTES: Final = 8_192
"""Of one part."""
PARSED_ON_THE_LOOP: Final = 256 * 1024
"""Bytes; what is larger is parsed in a thread, so that no other request waits for it."""
BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
VALUE: Final = r'"(?:[^"\\]|\\.)*+"|[^\s";]+'
PARAMETER: Final = re.compile(rf"\s*+;\s*+([\w!#$&+.^`|~*-]++)\s*+=\s*+({VALUE})")
DEFAULT_TYPE: Final = "text/plain"


def boundary_of(content_type: str | None) -> bytes:
    """The boundary in a Content-Type; RequestError 415 for another type, 400 for no proper boundary."""
    media_type, _, rest = (content_type or "").partition(";")
    if media_type.strip().lower() != "multipart/form-data":
        raise wrong_content_type("a form", "multipart/form-data; boundary=...")
    boundary = _parameters(f";{rest}").get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        _refuse("its Content-Type gives no boundary of 1 to 70 proper characters")
    return boundary.encode()


async def parse_form(body: bytes, boundary: bytes) -> FormData:
    """The form in a body; RequestError 400 for anything else."""
    if len(body) <= PARSED_ON_THE_LOOP:
        return form_of(body, boundary)
    return await asyncio.to_thread(form_of, body, boundary)


def form_of(body: bytes, boundary: bytes) -> FormData:
    """The form in a body; RequestError 400 for anything else."""
    fields: dict[str, list[str]] = {}
    files: list[FormFile] = []
    for number, (headers, data) in enumerate(_parts(body, boundary)):
        if number == MOST_PARTS:
            _refuse(f"it has more than {MOST_PARTS} parts")
        kind, _, rest = headers.get("content-disposition", "").partition(";")
        parameters = _parameters(f";{rest}")
        name = parameters.get("name")
        if kind.strip().lower() != "form-data" or name is None:
            _refuse("a part has no 'Content-Disposition: form-data' with a name")
        filename = parameters.get("filename")
        if filename is None:
            fields.setdefault(name, []).append(_text(data))
        else:
            files.append(FormFile(name, filename, headers.get("content-type", DEFAULT_TYPE), data))
    return FormData({name: tuple(values) for name, values in fields.items()}, tuple(files))


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[Mapping[str, str], bytes]]:
    """Headers and content of each part, up to the closing boundary."""
    delimiter = b"\r\n--" + boundary
    at = 0 if body.startswith(delimiter[2:]) else body.find(delimiter) + 2
    if at == 1:
        _refuse("its boundary does not occur in it")
    at += len(delimiter) - 2
    while not body.startswith(b"--", at):
        head = body.find(b"\r\n", at, at + 80)
        if head < 0 or body[at:head].strip(b" \t"):
            _refuse("a boundary is not followed by the end of its line")
        end = body.find(delimiter, head)
        if end < 0:
            _refuse("it ends without its closing boundary")
        content = body.find(b"\r\n\r\n", head, min(end, head + MOST_HEADER_BYTES) + 4)
        if content < 0 or content + 4 > end:
            _refuse(f"a part has no empty line after at most {MOST_HEADER_BYTES} bytes of headers")
        yield _headers(body[head + 2 : content]), body[content + 4 : end]
        at = end + len(delimiter)


def _headers(lines: bytes) -> dict[str, str]:
    headers = {}
    for line in _text(lines).split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            _refuse("a part has a malformed header")
        headers[name.lower()] = value.strip()
    return headers


def _parameters(text: str) -> dict[str, str]:
    """Those of a header: `; name="a b"; filename*=UTF-8''c%20d`."""
    found, at = {}, 0
    while match := PARAMETER.match(text, at):
        name, value = match[1].lower(), match[2]
        if value.startswith('"'):
            value = re.sub(r'\\(["\\])', r"\1", value[1:-1])
        if name.endswith("*") and value.lower().startswith("utf-8''"):
            name, value = name[:-1], unquote(value[7:])
        found[name] = value
        at = match.end()
    if text[at:].strip(" \t;"):
        _refuse("a header's parameters are malformed")
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        _refuse("a field or a header of it is not valid UTF-8")


def _refuse(why: str) -> NoReturn:
    raise RequestError(400, f"The request body is not a valid form: {why}.", code="invalid_body")
