"""A request's body: read within the limit, scanned before it is parsed, parsed once.

Python's parser takes more than JSON (NaN, lone surrogates, the last of duplicate keys) and recurses, so
what RFC 8259 leaves open is refused here, with fixed wording: an answer never echoes the client's bytes.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Generator
from typing import Any, Final

from ovpipe.errors import RequestError
from ovpipe.serving.refusals import wrong_content_type
from ovpipe.serving.requests.sliced_json import SLICE, NotJson, SlicedJson
from ovpipe.serving.requests.turns import Turns

MAX_DEPTH = 100
MAX_CONTAINERS = 250_000
"""Objects and lists in one body. Each costs some sixty bytes where the client paid for two."""
MAX_DIGITS = 1_000
MAX_MEMBERS: Final = 100_000
"""Of one object. A larger table is made anew at once when it grows, and keeps all others waiting."""

# Everything up to the next bracket outside a string, or the end. Possessive, and closing quotes are
# optional: whatever the bytes are, each is looked at once.
TO_NEXT_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)*+([\[{]|[\]}]|\Z)', re.DOTALL)
OPENING = (b"[", b"{")
SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


async def parse_body(body: bytes, turns: Turns | None = None) -> dict[str, Any]:
    """The JSON object in a body; RequestError 400 for anything else.

    What is larger than a slice is parsed in slices, and all others have their turn in between: `turns` is
    what it shares with the other large bodies.
    """
    value = parse_json(body) if len(body) <= SLICE else await (turns or Turns()).run(parse_large(body))
    if not isinstance(value, dict):
        raise _refused("The request body must be a JSON object.")
    return value


def check_content_type(content_type: str | None) -> None:
    """Refuses what is not declared to be JSON in UTF-8.

    A declaration is needed: without one, or with that of a form or of a text, the page of another site could
    have a browser send the body, and the browser would not ask this server first.
    """
    if content_type is None:
        raise wrong_content_type("JSON", "application/json")
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
        raise _empty()
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(error.start) from None
    _scan_brackets(body)
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        raise _not_json_at(error.lineno, error.colno) from None
    if SURROGATE_ESCAPE.search(body):
        _refuse_lone_surrogates(value)
    return value


def parse_large(body: bytes) -> Generator[None, None, Any]:
    """As `parse_json`, in slices; what is no object and no list is None."""
    try:
        return (yield from SlicedJson(body, _load, _merge, _check_limits).read())
    except NotJson as found:
        if found.at == len(body) and body.isspace():
            raise _empty() from None
        raise _not_json(body, found.at) from None


def _load(part: bytes, at: int) -> Any:
    """The value of a part of a body, which has a bracket in front of what stands at `at`."""
    try:
        text = part.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(at + error.start - 1) from None
    try:
        value = _loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(at + len(error.doc[: error.pos].encode()) - 1) from None
    if SURROGATE_ESCAPE.search(part):
        _refuse_lone_surrogates(value)
    return value


def _merge(value: Any, more: Any) -> None:
    if isinstance(value, list):
        value += more
        return
    members = len(value) + len(more)
    if members > MAX_MEMBERS:
        raise _refused(f"The request body has an object with more than {MAX_MEMBERS} members.")
    value |= more
    if len(value) < members:
        raise _duplicate_keys()


def _check_limits(depth: int, containers: int) -> None:
    if depth > MAX_DEPTH:
        raise _refused(f"The request body is nested more than {MAX_DEPTH} levels deep.")
    if containers > MAX_CONTAINERS:
        raise _refused(f"The request body holds more than {MAX_CONTAINERS} objects and lists.")


def _loads(text: str) -> Any:
    return json.loads(
        text,
        object_pairs_hook=_object,
        parse_float=_finite,
        parse_int=_short_integer,
        parse_constant=_refuse_constant,
    )


def _scan_brackets(body: bytes) -> None:
    depth = containers = 0
    for match in TO_NEXT_BRACKET.finditer(body):
        if match[1] in OPENING:
            depth += 1
            containers += 1
            _check_limits(depth, containers)
        else:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _duplicate_keys()
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


def _empty() -> RequestError:
    return _refused("The request body is empty; a JSON object is expected.")


def _not_json(body: bytes, at: int) -> RequestError:
    line = body.rfind(b"\n", 0, at) + 1
    column = len(body[line:at].decode(errors="replace")) + 1
    return _not_json_at(body.count(b"\n", 0, at) + 1, column)


def _not_json_at(line: int, column: int) -> RequestError:
    return _refused(f"The request body is not valid JSON: line {line}, column {column} cannot be parsed.")


def _not_utf8(at: int) -> RequestError:
    return _refused(f"The request body is not valid UTF-8: byte {at} cannot be decoded.")


def _duplicate_keys() -> RequestError:
    return _refused("The request body has an object with duplicate keys.")


def _refused(message: str, *, code: str = "invalid_body") -> RequestError:
    return RequestError(400, message, code=code)
