"""The table of parameters holds together."""

from __future__ import annotations

import msgspec
import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, GenerationRequest
from ovpipe.calculators.llm.parameters.table import BY_NAME, PARAMETERS, Endpoint, markdown_table


@pytest.mark.parametrize(
    ("endpoint", "request_type"),
    [(Endpoint.CHAT, ChatRequest), (Endpoint.COMPLETIONS, CompletionRequest)],
)
def test_every_built_row_lands_in_a_field_of_the_request(
    endpoint: Endpoint, request_type: type[GenerationRequest]
) -> None:
    fields = {field.name for field in msgspec.structs.fields(request_type)}
    for row in BY_NAME[endpoint].values():
        if row.is_built and not row.spread:
            assert row.lands_in in fields
            assert (row.config_field or row.lands_in) in fields


def test_no_endpoint_has_two_rows_of_one_name() -> None:
    for endpoint in Endpoint:
        names = [row.name for row in PARAMETERS if endpoint in row.endpoints]
        assert len(names) == len(set(names))


def test_messages_are_the_chats_and_prompts_the_completions() -> None:
    assert "prompt" not in BY_NAME[Endpoint.CHAT]
    assert "messages" not in BY_NAME[Endpoint.COMPLETIONS]


def test_the_docs_say_values_and_defaults() -> None:
    lines = markdown_table().splitlines()
    assert (
        "| temperature | both | a number from 0 to 2 | generation_config.json's temperature, or 1.0 "
        "| How much chance there is in the choice of tokens; 0 takes the likeliest. |"
    ) in lines
    assert (
        "| logit_bias | both | an object | absent "
        "| Added to the logits of tokens. Refused: it needs the engine 'paged'. |"
    ) in lines
    assert (
        "| messages | chat/completions | a non-empty list of messages | required | The conversation so far. |"
    ) in lines
    assert len(lines) == len(PARAMETERS) + 2


def test_every_kind_has_a_json_schema() -> None:
    for row in PARAMETERS:
        Draft202012Validator.check_schema(row.kind.schema())
