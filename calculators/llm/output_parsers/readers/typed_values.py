"""Values that come as bare text, made JSON by their schema."""

from __future__ import annotations

from collections.abc import Mapping

from ovpipe.calculators.llm.output_parsers.readers.json_text import as_json, is_json
from ovpipe.calculators.llm.output_parsers.readers.python_values import InvalidLiteral, read_value

OF_PYTHON = {"True": "true", "False": "false", "None": "null"}


def typed(text: str, schema: object) -> str:
    """The JSON text of a value.

    A string stays what it is, however it looks. For any other type, and without one, JSON is JSON and the
    rest is a string; with a declared type Python's spellings (True, {'a': 1}) count as well.
    """
    types, choices = declared(schema)
    if "string" in types:
        if text == "null" and "null" in types:
            return "null"
        # A guided model writes a choice with its quotes.
        if choices and text not in choices and text in {as_json(choice) for choice in choices}:
            return text
        return as_json(text)
    bare = text.strip()
    if types and bare in OF_PYTHON:
        bare = OF_PYTHON[bare]
    if types == {"boolean"} and bare.lower() in ("true", "false"):
        bare = bare.lower()
    if is_json(bare):
        return bare
    if types & {"object", "array"}:
        try:
            return read_value(bare)
        except InvalidLiteral:
            pass
    return as_json(text)


def declared(schema: object) -> tuple[set[str], list[object]]:
    """The types that a schema allows, none if it does not say, and the values it is restricted to."""
    if not isinstance(schema, Mapping):
        return set(), []
    stated = schema.get("type")
    types = (
        {stated} if isinstance(stated, str) else set(stated) if isinstance(stated, (list, tuple)) else set()
    )
    choices = [schema["const"]] if "const" in schema else list(schema.get("enum") or [])
    if not types and choices and all(isinstance(choice, str) for choice in choices):
        types = {"string"}
    for key in ("anyOf", "oneOf"):
        for other in schema.get(key) or []:
            types |= declared(other)[0]
    return types, choices
