"""Answers of a real model in JSON are valid by the schemas that were asked for."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import jsonschema
import pytest
from openai.types.chat.chat_completion import Choice

from tests.real.answers import SECONDS, Served, at_once, user
from tests.real.schemas import SCHEMAS

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER
SAMPLINGS: tuple[dict[str, Any], ...] = ({}, {"temperature": 1.0, "seed": 5})


@pytest.mark.parametrize("served", ["smol", "smol_graph"])
def test_answers_to_fifteen_schemas_are_valid_greedy_and_sampled(
    served: str, request: pytest.FixtureRequest
) -> None:
    smol: Served = request.getfixturevalue(served)
    assert len(SCHEMAS) == 15

    def answer(asked: tuple[str, dict[str, Any]]) -> Any:
        name, sampling = asked
        question, schema = SCHEMAS[name]
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        return smol.ask(user(question), response_format=wanted, max_tokens=400, **sampling)

    asked = list(product(SCHEMAS, SAMPLINGS))
    mistakes = [
        (name, sampling, mistake)
        for (name, sampling), given in zip(asked, at_once(answer, asked), strict=True)
        for mistake in mistakes_of(given.choices[0], SCHEMAS[name][1])
    ]
    assert mistakes == []


def mistakes_of(choice: Choice, schema: dict[str, Any]) -> list[str]:
    """What is wrong with an answer in JSON."""
    content = choice.message.content or ""
    if choice.finish_reason != "stop":
        return [f"did not end: {content}"]
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    return [f"{error.message}: {content}" for error in validator.iter_errors(json.loads(content))]
