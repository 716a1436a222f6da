"""What an answer must follow, out of the forms in which clients say it: limits and conversions, no engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Final, NoReturn

import msgspec

from ovpipe.calculators.llm.grammars.json_schema import invalid_schema, read_schema
from ovpipe.calculators.llm.parameters.errors import missing, wrong_type, wrong_value
from ovpipe.calculators.llm.templates.prompt_size import is_larger
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError

MOST_BYTES: Final = 64 * 1024
"""Of a grammar's text, in UTF-8. Half of that in parentheses kills the grammar library."""

MOST_BYTES_OF_TOOLS: Final = 1024 * 1024
"""Of the grammar of all tools together. How long it may take to compile is the limit that counts."""

MOST_NESTED: Final = 64
"""Groups inside each other in an expression or in rules, and formats in a structural tag."""

MOST_ALTERNATIVES: Final = 1024
MOST_TAGS: Final = 128

ANY_OBJECT: Final = Grammar("json_schema", '{"type":"object"}')


def invalid_grammar(path: str, fact: str) -> RequestError:
    """The error for a grammar that is none, or is beyond a limit."""
    return RequestError(400, f"'{path}' {fact}.", code="invalid_grammar", param=path)


def of_schema(schema: Any, path: str, *, strict: bool = False) -> Grammar:
    """Of a JSON Schema; raises RequestError 400."""
    check_size(schema, path)
    return Grammar("json_schema", as_json(read_schema(schema, path, strict=strict), path))


def of_schema_text(text: str, path: str) -> Grammar:
    """Of a JSON Schema as text; raises RequestError 400."""
    limited(text, path)
    return of_schema(parsed(text, path), path)


def of_regex(pattern: str, path: str) -> Grammar:
    """Of a regular expression that the whole answer matches; raises RequestError 400."""
    limited(pattern, path)
    check_nesting(pattern, path, quotes="")
    return Grammar("regex", pattern)


def of_rules(rules: str, path: str) -> Grammar:
    """Of EBNF rules, of which `root` is the answer; raises RequestError 400."""
    limited(rules, path)
    check_nesting(rules, path, quotes='"')
    return Grammar("ebnf", rules)


def of_choices(choices: Sequence[str], path: str) -> Grammar:
    """Of the only texts allowed; raises RequestError 400."""
    different = dict.fromkeys(choices)
    if sum(map(len, different)) > MOST_BYTES:  # as literals they are longer still
        raise too_long(path, MOST_BYTES)
    if any("\0" in choice for choice in different):  # no form of it gets through to the library's rules
        raise wrong_value(path, "a list of texts without NUL characters")
    return Grammar("ebnf", limited("root ::= " + " | ".join(map(literal, different)), path))


def literal(text: str) -> str:
    """A text as a string of EBNF. Only letters and digits of ASCII and the space stand for themselves."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == " "):
        return character
    return f"\\U{ord(character):08x}"


def of_structural_tag(tag: Any, path: str) -> Grammar:
    """Of a structural tag, in xgrammar's form or in vLLM's older one; raises RequestError 400."""
    if type(tag) is not dict:
        raise wrong_type(path, "a structural tag: an object")
    check_size(tag, path)
    if "structures" in tag or "triggers" in tag:
        form = of_structures(tag, path)
    elif "format" in tag:
        form = read_format(tag["format"], f"{path}.format", 1)
    else:
        raise missing(f"{path}.format", "an object with a 'type', as xgrammar has it")
    return Grammar("structural_tag", as_json({"type": "structural_tag", "format": form}, path))


def of_bare_format(form: Any, path: str) -> Grammar:
    """Of a structural tag's format alone; raises RequestError 400."""
    check_size(form, path)
    return Grammar(
        "structural_tag", as_json({"type": "structural_tag", "format": read_format(form, path, 1)}, path)
    )


def of_structures(tag: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Of vLLM's older form: any text, in which what begins with a trigger becomes one of the structures."""
    for name in ("structures", "triggers"):
        members = tag.get(name)
        if type(members) is not list:
            raise wrong_type(f"{path}.{name}", "a list")
        if not 1 <= len(members) <= MOST_TAGS:
            raise wrong_value(f"{path}.{name}", f"a list of 1 to {MOST_TAGS}")
    tags = []
    for at, structure in enumerate(tag["structures"]):
        place = f"{path}.structures[{at}]"
        if type(structure) is not dict or not {"begin", "end"} <= structure.keys():
            raise wrong_type(place, "an object with 'begin', 'schema' and 'end'")
        schema = read_schema(structure.get("schema", True), f"{place}.schema")
        content = {"type": "json_schema", "json_schema": schema}
        tags.append({"type": "tag", "begin": structure["begin"], "content": content, "end": structure["end"]})
    return {"type": "triggered_tags", "triggers": tag["triggers"], "tags": tags}


def read_format(form: Any, path: str, depth: int) -> Any:
    """A format of a structural tag, its schemas checked. The rest is for the engine's library to check."""
    if depth > MOST_NESTED:
        raise invalid_grammar(path, f"is nested deeper than {MOST_NESTED} formats")
    if type(form) is not dict:
        raise wrong_type(path, "a format: an object with a 'type'")
    read = dict(form)
    for key, value in form.items():
        if key == "json_schema":
            read[key] = read_schema(value, f"{path}.{key}")
        elif key == "content":
            read[key] = read_format(value, f"{path}.{key}", depth + 1)
        elif key in ("elements", "tags") and type(value) is list:
            if len(value) > MOST_TAGS:
                raise invalid_grammar(f"{path}.{key}", f"has more than {MOST_TAGS}")
            read[key] = [read_format(item, f"{path}.{key}[{at}]", depth + 1) for at, item in enumerate(value)]
        elif key == "pattern" and type(value) is str:
            check_nesting(value, f"{path}.{key}", quotes="")
        elif key == "grammar" and type(value) is str:
            check_nesting(value, f"{path}.{key}", quotes='"')
    return read


# --- limits: lengths are checked before anything is read, since reading what is long keeps all others waiting


def too_long(path: str, most: int) -> RequestError:
    """The error for more bytes than may be."""
    return invalid_grammar(path, f"comes to more than {most} bytes")


def check_size(value: Any, path: str, most: int = MOST_BYTES) -> int:
    """How many bytes a value takes as JSON, at 5 ms a megabyte; raises RequestError 400 beyond `most`."""
    if is_larger(value, 4 * most):  # so that nothing long is written only to be counted
        raise too_long(path, most)
    try:
        size = len(msgspec.json.encode(value))
    except UnicodeEncodeError:
        raise wrong_value(path, "text without lone surrogates") from None
    except RecursionError:
        raise invalid_schema(path, "has values nested too deeply") from None
    if size > most:
        raise too_long(path, most)
    return size


def limited(text: str, path: str, most: int = MOST_BYTES) -> str:
    """The text, unless it is too long or cannot be UTF-8."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise wrong_value(path, "text without lone surrogates") from None
    if size > most:
        raise too_long(path, most)
    return text


def as_json(value: Any, path: str, most: int = MOST_BYTES) -> str:
    """Written out, within the limits; raises RequestError 400."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        raise invalid_schema(path, "has values nested too deeply or numbers that are none") from None
    return limited(text, path, most)


def parsed(text: str, path: str) -> Any:
    """JSON from within a string. Numbers are finite, as they are in bodies; raises RequestError 400."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (RecursionError, ValueError):
        raise invalid_grammar(path, "must hold JSON") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


def check_nesting(text: str, path: str, *, quotes: str) -> None:
    """Raises RequestError 400 for groups too deep inside each other; what is quoted or in [...] is no group.

    What it counts too many (a parenthesis in a comment, say) only refuses what nobody writes.
    """
    depth = 0
    until = ""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif until:
            if character == until:
                until = ""
        elif character == "[":
            until = "]"
        elif character and character in quotes:
            until = character
        elif character == "(":
            depth += 1
            if depth > MOST_NESTED:
                raise invalid_grammar(path, f"has groups nested deeper than {MOST_NESTED}")
        elif character == ")":
            depth = max(0, depth - 1)
