"""Structured output: what the answer must follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ovpipe.calculators.llm.grammars import requested
from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter
from ovpipe.calculators.llm.parameters.wire import structured_output as wire


def guided(name: str, type: Any, doc: str, make: Callable[[Any, str], Any]) -> RequestParameter:
    """A parameter that says what the answer must follow; a request has one grammar."""
    return RequestParameter(name, type, doc, make=make, field="grammar", capability="structured_outputs")


STRUCTURED_OUTPUT: Final = (
    guided(
        "response_format",
        wire.ResponseFormat,
        "The form of the answer: text, json_object, json_schema, a structural tag or one of its formats.",
        wire.of_format,
    ),
    guided(
        "structured_outputs",
        wire.OneOfStructuredOutputs,
        "What the answer must follow, by vLLM's names.",
        wire.of_structured_outputs,
    ),
    guided("guided_json", wire.SchemaOrText, "JSON schema that the answer follows.", wire.of_json),
    guided("guided_regex", wire.Regex, "Regular expression that the answer follows.", requested.of_regex),
    guided("guided_choice", wire.AllowedTexts, "The only answers allowed.", requested.of_choices),
    guided("guided_grammar", wire.Rules, "Grammar (EBNF) that the answer follows.", requested.of_rules),
    guided("json_schema", wire.SchemaOrText, "guided_json by llama.cpp's name.", wire.of_json),
    guided("grammar", wire.RulesOrNothing, "guided_grammar by llama.cpp's name.", wire.of_client_rules),
)
