"""Parameters in tags, as Qwen3-Coder writes a call's arguments: `<parameter=name>`, a value, `</parameter>`.

A text stands there as it is, all other values in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ovpipe.engines.grammars.ebnf.expression_rules import expression_rule
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.rules import NOTHING, Rules, either, literal
from ovpipe.engines.grammars.ebnf.scalars import Schema, count_of
from ovpipe.engines.grammars.ebnf.schemas import SchemaRules, others_of, required_others, row_rule
from ovpipe.engines.grammars.ebnf.sequences import Bounds
from ovpipe.engines.grammars.ebnf.string_formats import FORMATS

_LINE: Final = '"\\n"?'
_NAME: Final = "[a-zA-Z_] [a-zA-Z0-9_.-]*"
_TEXT: Final = (
    '[^<\\x00] | "<" [^</p\\x00] | "<p" [^<a\\x00] | "</" [^<pf\\x00] | "</p" [^<a\\x00] | "</f" [^<u\\x00]'
)
"""A piece of a text in which neither `</parameter>`, `<parameter=` nor `</function>` begins."""


def parameters_rule(rules: Rules, schema: Schema) -> str:
    """The element that takes the parameters which an object's schema allows; raises GrammarProblem."""
    return _Parameters(rules, schema).all(schema)


class _Parameters:
    def __init__(self, rules: Rules, root: Schema) -> None:
        self._rules = rules
        self._values = SchemaRules(rules, root)

    def all(self, schema: Schema) -> str:
        known, required = schema.get("properties", {}), schema.get("required", ())
        known = known | required_others(schema)
        others = self._parameter(_NAME, self._values.value(others_of(schema)))
        bounds = Bounds(count_of(schema, "minProperties") or 0, count_of(schema, "maxProperties"))
        entries = [
            (self._parameter(literal(name), self._value(value)), name in required)
            for name, value in known.items()
        ]
        found = row_rule(self._rules, entries, others, bounds, first=NOTHING, between=_LINE)
        if found is None:
            raise GrammarProblem("allows no value at all")
        return found

    def _parameter(self, name: str, value: str | None) -> str | None:
        if value is None:
            return None
        return self._rules.add(f'"<parameter=" {name} ">" {_LINE} {value} {_LINE} "</parameter>"')

    def _value(self, schema: Any) -> str | None:
        if isinstance(schema, bool) or not schema:
            return self._values.value(schema)
        if "$ref" in schema:
            return self._value(self._values.target(schema["$ref"]))
        if "const" in schema or "enum" in schema:
            return self._constants(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._either(map(self._value, schema[key]))
        if len(schema.get("allOf", ())) == 1:
            return self._value(schema["allOf"][0])
        stated = schema.get("type")
        if isinstance(stated, list):
            return self._either(self._value({**schema, "type": each}) for each in stated)
        return self._text(schema) if stated == "string" else self._values.value(schema)

    def _constants(self, schema: Schema) -> str | None:
        """Texts as they are. What is no text is JSON's, and so is what `type` has to say of it."""
        values = [schema["const"]] if "const" in schema else schema["enum"]
        texts = [literal(value) for value in values if isinstance(value, str)]
        rest = [value for value in values if not isinstance(value, str)]
        plain = {key: value for key, value in schema.items() if key == "type"}
        return self._either([*texts, self._values.value({**plain, "enum": rest}) if rest else None])

    def _text(self, schema: Schema) -> str | None:
        pattern = schema.get("pattern", FORMATS.get(schema.get("format", "")))
        if pattern is not None:
            return expression_rule(self._rules, pattern)
        least, most = count_of(schema, "minLength") or 0, count_of(schema, "maxLength")
        if most is not None and least > most:
            return None
        return self._rules.add(self._rules.counted(self._rules.add(_TEXT), least, most))

    def _either(self, alternatives: Iterable[str | None]) -> str | None:
        allowed = [each for each in alternatives if each is not None]
        return self._rules.add(either(allowed)) if allowed else None
