"""Structural tags whose parts are rules of EBNF."""

from __future__ import annotations

import json
from typing import Any

from ovpipe.engines.grammars.ebnf.client_rules import client_rules
from ovpipe.engines.grammars.ebnf.expression_rules import expression_rule
from ovpipe.engines.grammars.ebnf.rules import Rules, literal
from ovpipe.engines.grammars.ebnf.schemas import schema_rule


def tag_format(text: str) -> str:
    """A structural tag, given as JSON, with its texts, schemas and expressions as rules.

    What is no structural tag is left to the library, which says so. Raises GrammarProblem.
    """
    tag = json.loads(text)
    if type(tag) is dict and "format" in tag:
        tag["format"] = _part(tag["format"])
    return json.dumps(tag, ensure_ascii=False)


def _part(form: Any) -> Any:
    match form:
        case {"type": "json_schema", "json_schema": schema}:
            rules = Rules()
            return _grammar(rules.text(schema_rule(rules, schema)))
        case {"type": "regex", "pattern": str(pattern)}:
            rules = Rules()
            return _grammar(rules.text(expression_rule(rules, pattern)))
        case {"type": "const_string", "value": str(text)} if not text.isascii():
            return _grammar(f"root ::= {literal(text)}")
        case {"type": "grammar", "grammar": str(grammar)}:
            return _grammar(client_rules(grammar))
        case dict():
            return {key: _inside(key, value) for key, value in form.items()}
    return form


def _inside(key: str, value: Any) -> Any:
    if key == "content":
        return _part(value)
    if key in ("elements", "tags") and type(value) is list:
        return [_part(each) for each in value]
    return value


def _grammar(rules: str) -> dict[str, str]:
    return {"type": "grammar", "grammar": rules}
