"""A request's body: read within the limit, scanned before it is parsed, parsed once.

Python's parser takes more than JSON (NaN, lone surrogates, the last of duplicate keys) and recurses, so
what RFC 8259 leaves open is refused here, with fixed wording: an answer never echoes the client's bytes.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import math
import re
from typing import Any

from ovpipe.errors import RequestError
from ovpipe.serving.refusals import wrong_content_type

MAX_DEPTH = 100
MAX_CONTAINERS = 250_000
"""Objects and lists in one body. Each costs some sixty bytes where the client paid for two."""
MAX_DIGITS = 1_000
PARSED_ON_THE_LOOP = 256 * 1024
"""Bytes; what is larger is parsed in a thread, so that no other request waits for it."""

# Everything up to the next bracket outside a string, or the end. Possessive, and closing quotes are
# optional: whatever the bytes are, each is looked at once.
TO_NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)*+([\[{]|[\]}]|\Z)', re.DOTALL)
OPENING = (b"[", b"{")
SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


async def parse_body(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; RequestError 400 for anything else."""
    if len(body) <= PARSED_ON_THE_LOOP:
        value = parse_json(body)
    else:
        value = await asyncio.to_thread(parse_json, body)
    if not isinstance(value, dict):
        raise _refused("The request body must be a JSON object.")
    return value


def check_content_type(content_type: str | None) -> None:
    """Refuses what is not declared to be JSON in UTF-8; a missing declaration is taken as that."""
    if content_type is None:
        return
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if media_type != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", media_type):
        raise wrong_content_type("JSON", "application/json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and not _is_utf8(value.strip().strip('"')):
            raise _refused("The request body must be encoded in UTF-8.", code="unsupported_charset")


def parse_json(body: bytes) -> Any:
    """The value of one JSON text; RequestError 400 names what is wrong with it, and never quotes it."""
    if not body.strip():
        raise _refused("The request body is empty; a JSON object is expected.")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _refused(
            f"The request body is not valid UTF-8: byte {error.start} cannot be decoded."
        ) from None
    _scan_brackets(body)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_int=_short_integer,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise _refused(
            f"The request body is not valid JSON: line {error.lineno}, column {error.colno} cannot be parsed."
        ) from None
    if SURROGATE_ESCAPE.search(body):
        _refuse_lone_surrogates(value)
    return value


def _scan_brackets(body: bytes) -> None:
    depth = containers = 0
    for match in TO_NEXT_BRACKET.finditer(body):
        if match[1] in OPENING:
            depth += 1
            containers += 1
            if depth > MAX_DEPTH:
                raise _refused(f"The request body is nested more than {MAX_DEPTH} levels deep.")
            if containers > MAX_CONTAINERS:
                raise _refused(f"The request body holds more than {MAX_CONTAINERS} objects and lists.")
        else:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _refused("The request body has an object with duplicate keys.")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _refused("The request body has a number that is too large.")
    return value


def _short_integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _refused(f"The request body has an integer of more than {MAX_DIGITS} digits.")
    return int(digits)


def _refuse_constant(_: str) -> Any:
    raise _refused("The request body has NaN or Infinity, which are not JSON.")


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refused("The request body has a string with a lone surrogate (half of a \\u pair).") from None


def _is_utf8(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False


def _refused(message: str, *, code: str = "invalid_body") -> RequestError:
    return RequestError(400, message, code=code)
