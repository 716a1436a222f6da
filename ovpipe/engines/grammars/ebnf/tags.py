"""Structural tags whose parts are rules of EBNF."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from ovpipe.engines.grammars.ebnf.expression_rules import expression_rule
from ovpipe.engines.grammars.ebnf.followed import followed_rules
from ovpipe.engines.grammars.ebnf.parameters import parameters_rule
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import Rules, literal
from ovpipe.engines.grammars.ebnf.schemas import schema_rule

_MISREAD: Final = re.compile(r"[\x00-\x1f\x7f-\xff](?=[0-9a-fA-F])")
"""What the library writes as `\\xf6` and reads, with what follows, as another character."""

_ENDLESS: Final = frozenset({"any_text", "triggered_tags", "tags_with_separator"})


def tag_format(text: str) -> str:
    """A structural tag, given as JSON, with its texts, schemas and expressions as rules.

    What is no structural tag is left to the library, which says so. Raises GrammarProblem.
    """
    tag = json.loads(text)
    if type(tag) is dict and "format" in tag:
        tag["format"] = _part(tag["format"])
    return json.dumps(tag, ensure_ascii=False)


def _part(form: Any, triggers: tuple[str, ...] = ()) -> Any:
    match form:
        case {"type": "json_schema", "json_schema": schema}:
            return _ruled(lambda rules: schema_rule(rules, schema))
        case {"type": "qwen_xml_parameter", "json_schema": dict(schema)}:
            return _ruled(lambda rules: parameters_rule(rules, schema))
        case {"type": "regex", "pattern": str(pattern)}:
            return _ruled(lambda rules: expression_rule(rules, pattern))
        case {"type": "const_string", "value": str(text)} if not (text.isascii() and text.isprintable()):
            return _ruled(lambda rules: literal(text))
        case {"type": "grammar", "grammar": str(grammar)}:
            return _grammar(followed_rules(grammar))
        case {"begin": str(begin), "end": str(end), "content": content}:
            return _tag({**form, "content": _part(content)}, begin, end, triggers)
        case {"separator": str(separator)} if _MISREAD.search(separator):
            raise GrammarProblem("has a separator with a character above ~ before a hexadecimal digit")
        case dict():
            triggers = tuple(each for each in form.get("triggers", ()) if isinstance(each, str))
            return {key: _inside(key, value, triggers) for key, value in form.items()}
    return form


def _inside(key: str, value: Any, triggers: tuple[str, ...]) -> Any:
    if key == "content":
        return _part(value)
    if key in ("elements", "tags") and type(value) is list:
        return [_part(each, triggers) for each in value]
    return value


def _tag(tag: dict[str, Any], begin: str, end: str, triggers: tuple[str, ...]) -> dict[str, Any]:
    """The same tag. What of its begin and its end the library would misread stands in the content."""
    trigger = max((each for each in triggers if begin.startswith(each)), key=len, default="")
    first, after = _split(begin, len(trigger))
    before, last = "", end
    if (found := [*_MISREAD.finditer(end)]) and _is_endless(tag["content"]):
        raise GrammarProblem("has an end with a character above ~ before a hexadecimal digit, after any text")
    if found:
        before, last = end[: found[-1].end()], end[found[-1].end() :]
    if not after and not before:
        return tag
    parts = [_text(after), tag["content"], _text(before)]
    elements = [part for part in parts if part is not None]
    return {**tag, "begin": first, "content": {"type": "sequence", "elements": elements}, "end": last}


def _split(begin: str, least: int) -> tuple[str, str]:
    """What stays, with the trigger whole (it is read right), and what goes into the content."""
    found = _MISREAD.search(begin, least)
    return (begin, "") if found is None else (begin[: found.end()], begin[found.end() :])


def _text(text: str) -> dict[str, str] | None:
    return _ruled(lambda rules: literal(text)) if text else None


def _is_endless(form: Any) -> bool:
    match form:
        case {"type": "sequence" | "or", "elements": [*elements]}:
            return any(map(_is_endless, elements))
        case {"type": kind}:
            return kind in _ENDLESS
    return False


def _ruled(root: Callable[[Rules], str]) -> dict[str, str]:
    rules = Rules()
    return _grammar(rules.text(root(rules)))


def _grammar(rules: str) -> dict[str, str]:
    return {"type": "grammar", "grammar": rules}
