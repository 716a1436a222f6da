"""Grammars in the form in which the engine is given them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ovpipe.engines.grammars.ebnf.expression_rules import expression_rule
from ovpipe.engines.grammars.ebnf.followed import followed_rules
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import Rules
from ovpipe.engines.grammars.ebnf.schemas import schema_rule
from ovpipe.engines.grammars.ebnf.tags import tag_format
from ovpipe.engines.protocol import Grammar

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"json_schema": "schema", "regex": "expression", "ebnf": "grammar", "structural_tag": "structural tag"}
)


def as_rules(grammar: Grammar) -> Grammar:
    """The same grammar as EBNF rules, or as a structural tag all parts of which are such rules.

    ovpipe writes the rules itself. The library's own of a schema leave white space without a bound, patterns
    without a group, and characters as they are that JSON has escaped. Raises GrammarProblem for what is no
    grammar.
    """
    name = _NAMES[grammar.kind]
    try:
        return _as_rules(grammar)
    except GrammarProblem as problem:
        raise GrammarProblem(f"the {name} {problem}") from None
    except json.JSONDecodeError as error:
        raise GrammarProblem(f"the {name} is no JSON: {error.msg}") from None
    except RecursionError:
        raise GrammarProblem(f"the {name} is nested too deeply") from None
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        # Schemas are checked before they come here. What was not is refused, and ends no engine.
        raise GrammarProblem(f"the {name} has a value of a wrong type: {error}") from error


def _as_rules(grammar: Grammar) -> Grammar:
    rules = Rules()
    match grammar.kind:
        case "json_schema":
            return Grammar("ebnf", rules.text(schema_rule(rules, json.loads(grammar.text))))
        case "regex":
            return Grammar("ebnf", rules.text(expression_rule(rules, grammar.text)))
        case "ebnf":
            return Grammar("ebnf", followed_rules(grammar.text))
        case "structural_tag":
            return Grammar("structural_tag", tag_format(grammar.text))
