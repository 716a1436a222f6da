"""JSON as text: its parts as they stand, and calls made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ovpipe.calculators.llm.output_parsers.readers.json_scanner import JsonScanner
from ovpipe.calculators.llm.packets import CalledTool

ARGUMENTS = ("arguments", "parameters")
BESIDE_ARGUMENTS = {"name", "id", "type"}
SPACE = re.compile(r"[ \t\n\r]*")
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
BARE = re.compile(r"[^\s,\]}]+")
SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def is_json(text: str) -> bool:
    """Whether a text is one JSON value and nothing else, white space around it allowed."""
    text = text.strip(" \t\n\r")
    if text[:1] in ("{", "["):
        scanner = JsonScanner()
        return scanner.feed(text) == len(text) and scanner.whole
    if text[:1] == '"':
        try:
            json.loads(text)
        except ValueError:
            return False
        return True
    return SCALAR.fullmatch(text) is not None


def members(text: str) -> dict[str, str]:
    """The members of a JSON object that is known to be whole, their values as they stand in the text."""
    found: dict[str, str] = {}
    at = skip(text, 1)
    while text[at] != "}":
        end = value_end(text, at)
        key = json.loads(text[at:end])
        at = skip(text, skip(text, end) + 1)
        end = value_end(text, at)
        found[key] = text[at:end]
        at = skip(text, end)
        if text[at] == ",":
            at = skip(text, at + 1)
    return found


def items(text: str) -> Iterator[str]:
    """The items of a JSON array that is known to be whole, as they stand in the text."""
    at = skip(text, 1)
    while text[at] != "]":
        end = value_end(text, at)
        yield text[at:end]
        at = skip(text, end)
        if text[at] == ",":
            at = skip(text, at + 1)


def skip(text: str, at: int) -> int:
    """Where the white space ends."""
    match = SPACE.match(text, at)
    assert match is not None
    return match.end()


def value_end(text: str, at: int) -> int:
    """Where the value that begins at `at` ends, in JSON that is known to be whole."""
    if text[at] in "{[":
        return JsonScanner().feed(text, at)
    match = (STRING if text[at] == '"' else BARE).match(text, at)
    assert match is not None
    return match.end()


def as_json(value: object) -> str:
    """A value as JSON text that can be sent: half of a surrogate pair stays an escape."""
    text = json.dumps(value, ensure_ascii=False)
    return text if sendable(text) else json.dumps(value)


def as_object(members: Mapping[str, str]) -> str:
    """A JSON object of names and JSON texts."""
    return "{" + ", ".join(f"{as_json(name)}: {value}" for name, value in members.items()) + "}"


def sendable(text: str) -> bool:
    """Whether a text has a UTF-8 form: JSON's escapes can make halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else True


def read_call(text: str, *, bare: bool = False) -> CalledTool | None:
    """The call that a whole JSON object is, its arguments as they stand; None if it is none.

    Models name the arguments one way or the other; with both at odds it is none. `bare`: an object of which
    the name is all there is is a call without arguments. Arguments that come as a JSON string are unwrapped
    once if that is an object, and otherwise stay a string.
    """
    if not text.startswith("{"):
        return None
    found = members(text)
    name = json.loads(found.get("name", "null")) if found.get("name", "").startswith('"') else None
    if not name or not sendable(name):
        return None
    given = {found[key] for key in ARGUMENTS if key in found}
    stated = given - {"null"} or given
    if len(stated) != 1:
        return CalledTool(name, "{}") if bare and not stated and found.keys() <= BESIDE_ARGUMENTS else None
    arguments = stated.pop()
    if arguments == "null":
        return CalledTool(name, "{}")
    if arguments.startswith('"'):
        inner = json.loads(arguments)
        if inner.lstrip(" \t\n\r").startswith("{") and is_json(inner) and sendable(inner):
            arguments = inner
    elif not arguments.startswith("{"):
        return None
    return CalledTool(name, arguments)


def read_calls(text: str, *, leaves_out: bool = False) -> list[CalledTool]:
    """The calls among the items of a whole JSON array.

    An item without a name is left out. One with a name that is no call makes the list none of calls, unless
    the format `leaves_out` those too.
    """
    calls = []
    for item in items(text):
        call = read_call(item)
        if call is not None:
            calls.append(call)
        elif not leaves_out and has_name(item):
            return []
    return calls


def has_name(text: str) -> bool:
    """Whether a whole JSON value is an object with a name: a call that has gone wrong, rather than none."""
    return text.startswith("{") and "name" in members(text)
