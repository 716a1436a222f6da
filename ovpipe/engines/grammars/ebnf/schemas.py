"""JSON Schemas as rules: what `type`, `enum`, `$ref` and their like allow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from ovpipe.engines.grammars.ebnf.expression_rules import string_rule
from ovpipe.engines.grammars.ebnf.json_tokens import JsonTokens
from ovpipe.engines.grammars.ebnf.problem import GrammarProblem
from ovpipe.engines.grammars.ebnf.references import References
from ovpipe.engines.grammars.ebnf.rules import NOTHING, Rules, either
from ovpipe.engines.grammars.ebnf.scalars import Schema, count_of, integer_of, number_of, string_of
from ovpipe.engines.grammars.ebnf.sequences import Bounds, Entry, Row

_OF_OBJECTS: Final = ("properties", "additionalProperties", "unevaluatedProperties", "patternProperties")
_OF_ARRAYS: Final = ("items", "prefixItems", "unevaluatedItems")
_ALTERNATIVES: Final = ("anyOf", "oneOf")


def schema_rule(rules: Rules, schema: Any) -> str:
    """The element that takes the values a schema allows; raises GrammarProblem."""
    found = SchemaRules(rules, schema).value(schema)
    if found is None:
        raise GrammarProblem("allows no value at all")
    return found


class SchemaRules:
    """Writes the rules of one schema. Of each method None means: no value is allowed."""

    def __init__(self, rules: Rules, root: Any) -> None:
        self._rules = rules
        self._tokens = JsonTokens(rules)
        self._targets = References(root)
        self._references: dict[str, str] = {}
        self._open: dict[str, int] = {}
        """References under way, each with how many brackets stood open where it began."""
        self._brackets = 0

    def value(self, schema: Any) -> str | None:
        """What a schema allows."""
        if schema is True or schema == {}:
            return self._tokens.any
        if schema is False:
            return None
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        if "const" in schema:
            return self._constants(schema, [schema["const"]])
        if "enum" in schema:
            return self._constants(schema, schema["enum"])
        for key in _ALTERNATIVES:
            if key in schema:
                return self._either(map(self.value, schema[key]))
        if len(schema.get("allOf", ())) == 1:
            return self.value(schema["allOf"][0])
        return self._typed(schema)

    def _either(self, alternatives: Iterable[str | None]) -> str | None:
        allowed = [each for each in alternatives if each is not None]
        return self._rules.add(either(allowed)) if allowed else None

    def _reference(self, reference: str) -> str | None:
        if self._open.get(reference) == self._brackets:
            raise GrammarProblem("has a '$ref' that leads back to itself and to nothing else")
        if reference not in self._references:
            name = self._references[reference] = self._rules.reserve()
            self._open[reference] = self._brackets
            found = self.value(self.target(reference))
            del self._open[reference]
            if found is None:
                raise GrammarProblem("has a '$ref' to a schema that allows no value")
            self._rules.define(name, found)
        return self._references[reference]

    def target(self, reference: str) -> Any:
        """The schema that a reference points to; raises GrammarProblem."""
        try:
            return self._targets.target(reference)
        except GrammarProblem as problem:
            raise GrammarProblem(f"has a '$ref' that {problem}") from None

    def _constants(self, schema: Schema, values: list[Any]) -> str | None:
        types = types_of(schema)
        allowed = (value for value in values if not types or not types.isdisjoint(_types_of(value)))
        return self._either(map(self._tokens.constant, allowed))

    def _typed(self, schema: Schema) -> str | None:
        types = schema.get("type")
        if isinstance(types, list):
            return self._either(self._of_type(each, schema) for each in types)
        if types is not None:
            return self._of_type(types, schema)
        if any(key in schema for key in _OF_OBJECTS):
            return self._object(schema)
        return self._array(schema) if any(key in schema for key in _OF_ARRAYS) else self._tokens.any

    def _of_type(self, name: str, schema: Schema) -> str | None:
        match name:
            case "string":
                return string_of(self._rules, self._tokens, schema)
            case "integer":
                return integer_of(self._rules, self._tokens, schema)
            case "number":
                return number_of(self._rules, self._tokens, schema)
            case "boolean":
                return self._tokens.boolean
            case "null":
                return self._tokens.null
            case "array":
                return self._array(schema)
            case "object":
                return self._object(schema)
        raise GrammarProblem("has a type that JSON does not know")

    # --- what stands in brackets

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._brackets += 1
        try:
            yield
        finally:
            self._brackets -= 1

    def _array(self, schema: Schema) -> str | None:
        """Items in a row. Those of `prefixItems` are all there, unless `maxItems` cuts them."""
        bounds = Bounds(count_of(schema, "minItems") or 0, count_of(schema, "maxItems"))
        firsts = schema.get("prefixItems", [])[: bounds.most]
        others = schema.get("items", schema.get("unevaluatedItems", not firsts or bounds.least > len(firsts)))
        with self._inside():
            entries = [(self.value(item), True) for item in firsts]
            more = self.value(others)
        return self._enclosed("[]", entries, more, bounds)

    def _object(self, schema: Schema) -> str | None:
        """Members in the order of `properties`, then others."""
        bounds = Bounds(count_of(schema, "minProperties") or 0, count_of(schema, "maxProperties"))
        known, required = schema.get("properties", {}), schema.get("required", ())
        with self._inside():
            others = self._others(schema)
            known = known | required_others(schema)
            entries = [
                (self._member(self._tokens.constant(name), self.value(value)), name in required)
                for name, value in known.items()
            ]
        return self._enclosed("{}", entries, others, bounds)

    def _enclosed(
        self, brackets: str, entries: list[tuple[str | None, bool]], others: str | None, bounds: Bounds
    ) -> str | None:
        space = self._tokens.space
        found = row_rule(self._rules, entries, others, bounds, first=space, between=f'"," {space}')
        if found is None:
            return None
        inside = [] if found == NOTHING else [found]
        return self._rules.add(" ".join((f'"{brackets[0]}"', *inside, space, f'"{brackets[1]}"')))

    def _member(self, name: str | None, value: str | None) -> str | None:
        return None if name is None or value is None else self._tokens.member(name, value)

    def _others(self, schema: Schema) -> str | None:
        """A member that `properties` does not describe; None: there is none of those."""
        members = [
            self._member(string_rule(self._rules, pattern), self.value(value))
            for pattern, value in schema.get("patternProperties", {}).items()
        ]
        value = others_of(schema)
        if value is not False:
            members.append(self._member(self._name(schema.get("propertyNames", True)), self.value(value)))
        return self._either(members)

    def _name(self, schema: Any) -> str | None:
        """A member's name: a string, whatever else its schema says."""
        if isinstance(schema, bool):
            return self._tokens.string if schema else None
        if "$ref" in schema:
            return self._name(self.target(schema["$ref"]))
        for key in _ALTERNATIVES:
            if key in schema:
                return self._either(map(self._name, schema[key]))
        return self.value({**schema, "type": "string"})


def row_rule(
    rules: Rules,
    entries: Iterable[tuple[str | None, bool]],
    others: str | None,
    bounds: Bounds,
    *,
    first: str,
    between: str,
) -> str | None:
    """A row of entries, each with whether it is required. One that allows no value is left out."""
    listed = [*entries]
    if any(rule is None and required for rule, required in listed):
        return None
    allowed = [Entry(rule, required) for rule, required in listed if rule is not None]
    return Row(rules, allowed, others, first=first, between=between).rule(bounds)


def others_of(schema: Schema) -> Any:
    """The schema of members that nothing else describes. Where others are described, they are not there."""
    described = "properties" in schema or "patternProperties" in schema
    return schema.get("additionalProperties", schema.get("unevaluatedProperties", not described))


def required_others(schema: Schema) -> dict[str, Any]:
    """The schemas of members that are required and not described, where there may be such."""
    known, described = schema.get("properties", {}), schema.get("additionalProperties", True)
    if described is False or "patternProperties" in schema:
        return {}
    return {name: described for name in schema.get("required", ()) if name not in known}


def types_of(schema: Schema) -> set[str]:
    """The types that a schema states; none where it states none."""
    stated = schema.get("type", [])
    return {stated} if isinstance(stated, str) else {*stated}


def _types_of(value: Any) -> set[str]:
    match value:
        case None:
            return {"null"}
        case bool():
            return {"boolean"}
        case int():
            return {"integer", "number"}
        case float():
            return {"integer", "number"} if value.is_integer() else {"number"}
        case str():
            return {"string"}
        case list():
            return {"array"}
        case _:
            return {"object"}
