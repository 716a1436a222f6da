"""Schemas in the form in which the engine's grammar library reads them as they are meant.

Each change is for something that was seen to go wrong with the library. It changes nothing of what the schema
allows but its far ends.
tests/calculators/llm/grammars/test_schema_keywords.py shows each with the engine itself.
"""

from __future__ import annotations

from typing import Any, Final

FAR: Final = 10**15
"""A bound where there is none. The library misreads ranges with one end: minimum 5 lets 1 pass."""

OF_CONTENTS: Final = frozenset({"contains", "minContains", "maxContains"})
OF_ITEMS: Final = frozenset({"items", "prefixItems", "unevaluatedItems"})
OF_PROPERTIES: Final = frozenset(
    {"additionalProperties", "patternProperties", "properties", "propertyNames", "unevaluatedProperties"}
)


def normalised(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, apart from those inside it, as the library is to have it."""
    return _required(_open_object(_open_array(_both_bounds(schema))))


def _types(schema: dict[str, Any]) -> set[str]:
    stated = schema.get("type", [])
    return {stated} if isinstance(stated, str) else {*stated}


def _both_bounds(schema: dict[str, Any]) -> dict[str, Any]:
    if not {"integer", "number"} & _types(schema):
        return schema
    least = max((schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema), default=None)
    most = min((schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema), default=None)
    if least is not None and most is None and least < FAR:
        return {**schema, "maximum": FAR}
    if most is not None and least is None and most > -FAR:
        return {**schema, "minimum": -FAR}
    return schema


def _open_array(schema: dict[str, Any]) -> dict[str, Any]:
    """Without a word on its items the library takes an array for one that has none, if it says anything else.

    What it cannot keep of an array's contents it takes for the same.
    """
    if "array" not in _types(schema):
        return schema
    kept = {key: value for key, value in schema.items() if key not in OF_CONTENTS}
    return kept if OF_ITEMS & kept.keys() else {**kept, "items": True}


def _open_object(schema: dict[str, Any]) -> dict[str, Any]:
    """The same of properties."""
    if "object" not in _types(schema) or OF_PROPERTIES & schema.keys():
        return schema
    return {**schema, "additionalProperties": True}


def _required(schema: dict[str, Any]) -> dict[str, Any]:
    """The library passes over required properties that `properties` does not have."""
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    unknown = [name for name in schema.get("required", ()) if name not in known]
    is_object = "object" in _types(schema) or "properties" in schema
    if not unknown or not is_object or others is False or "patternProperties" in schema:
        return schema
    return {**schema, "properties": {**known, **dict.fromkeys(unknown, others)}}
