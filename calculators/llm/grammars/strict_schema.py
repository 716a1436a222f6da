"""What a strict schema cannot have: keywords that the engine's grammar library passes over or misreads.

A strict answer is promised to be valid. So what would be without effect is refused, as at OpenAI. Stricter
than meant is no harm: what the library lets through is valid then.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

Reason = tuple[str, str]
"""The keyword, and what is said of it."""

NO_EFFECT: Final = "has no effect on what this server generates"

WITHOUT_EFFECT: Final = frozenset(
    {"$dynamicRef", "contains", "dependentRequired", "dependentSchemas", "else", "if", "maxContains"}
    | {"minContains", "multipleOf", "not", "then"}
)
FORMATS: Final = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "json-pointer"}
    | {"relative-json-pointer", "time", "uri", "uri-reference", "uri-template", "uuid"}
)
BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
NEEDS_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string")
    | dict.fromkeys(BOUNDS, "integer")
)
CONSTRAINTS: Final = frozenset(
    {"$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "items", "maxItems", "maxProperties"}
    | {"minItems", "minProperties", "oneOf", "patternProperties", "prefixItems", "properties"}
    | {"propertyNames", "required", "type", "unevaluatedItems", "unevaluatedProperties", "uniqueItems"}
    | NEEDS_TYPE.keys()
)
ALONE: Final = ("$ref", "anyOf", "allOf", "const", "enum")
"""Beside these the library looks at nothing else."""


def why_not_strict(schema: Mapping[str, Any]) -> Reason | None:
    """What in this schema, apart from those inside it, would be without effect; None: nothing."""
    for key in schema:
        if key in WITHOUT_EFFECT or (key == "uniqueItems" and schema[key]):
            return key, NO_EFFECT
    if "oneOf" in schema:
        return "oneOf", "is taken for anyOf by this server; say anyOf"
    for reason in (_all_of, _beside, _of_types, _of_strings, _required):
        found = reason(schema)
        if found is not None:
            return found
    return None


def _all_of(schema: Mapping[str, Any]) -> Reason | None:
    if len(schema.get("allOf", ())) > 1:
        return "allOf", f"{NO_EFFECT} when it has more than one schema"
    return None


def _beside(schema: Mapping[str, Any]) -> Reason | None:
    for key in ALONE:
        if key in schema:
            may_stand = {key, "type"} if key in ("const", "enum") else {key}
            for other in schema:
                if other in CONSTRAINTS and other not in may_stand:
                    return other, f"{NO_EFFECT} beside '{key}'"
            return None
    return None


def _of_types(schema: Mapping[str, Any]) -> Reason | None:
    stated = schema.get("type")
    types = {*stated} if isinstance(stated, list) else {stated}
    for key, needed in NEEDS_TYPE.items():
        if key not in schema:
            continue
        if key in BOUNDS and "number" in types:
            return key, "is not kept exactly for the type 'number'; the type 'integer' keeps it"
        if needed not in types:
            return key, f"{NO_EFFECT} without the type '{needed}'"
    return None


def _of_strings(schema: Mapping[str, Any]) -> Reason | None:
    form = schema.get("format")
    if form is not None and form not in FORMATS:
        return "format", f"is none that has an effect; those are {', '.join(sorted(FORMATS))}"
    pattern = schema.get("pattern")
    if pattern is None and form is None:
        return None
    which = "pattern" if pattern is not None else "format"
    for other in ("minLength", "maxLength", "format"):
        if other in schema and other != which:
            return other, f"{NO_EFFECT} beside '{which}'"
    return None


def _required(schema: Mapping[str, Any]) -> Reason | None:
    closed = schema.get("additionalProperties") is False or "patternProperties" in schema
    if closed and not {*schema.get("required", ())} <= {*schema.get("properties", ())}:
        return "required", "names a property that 'properties' does not have"
    return None
