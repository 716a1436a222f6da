"""Values that come as bare text, made JSON by their schema."""

from __future__ import annotations

from ovpipe.calculators.llm.output_parsers.readers.json_text import as_json, is_json
from ovpipe.calculators.llm.output_parsers.readers.python_values import InvalidLiteral, read_value
from ovpipe.calculators.llm.output_parsers.readers.value_schema import ValueSchema

OF_PYTHON = {"True": "true", "False": "false", "None": "null"}


def typed(text: str, schema: ValueSchema) -> str:
    """The JSON text of a value.

    A string stays what it is, however it looks. For any other type, and without one, JSON is JSON and the
    rest is a string; with a declared type Python's spellings (True, {'a': 1}) count as well.
    """
    types = schema.types
    if "string" in types:
        if text == "null" and "null" in types:
            return "null"
        # A guided model writes a choice with its quotes.
        choices = schema.choices
        if choices and text not in choices and text in {as_json(choice) for choice in choices}:
            return text
        return as_json(text)
    bare = text.strip()
    if types and bare in OF_PYTHON:
        bare = OF_PYTHON[bare]
    if types and types <= {"boolean", "null"} and bare.lower() in ("true", "false"):
        bare = bare.lower()
    if is_json(bare):
        return bare
    if types & {"object", "array"}:
        try:
            return read_value(bare)
        except InvalidLiteral:
            pass
    return as_json(text)
