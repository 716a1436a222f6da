"""The table of parameters holds together."""

from __future__ import annotations

import msgspec
import pytest

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, GenerationRequest
from ovpipe.calculators.llm.parameters.markdown import markdown_table
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter
from ovpipe.calculators.llm.parameters.table import BY_NAME, PARAMETERS
from ovpipe.engines.cores import CORES
from ovpipe.engines.protocol import BeamSearch, SamplingParams

NOT_IN_SAMPLING = {"use_beam_search", "num_beam_groups", "structured_outputs", "priority"}
"""Capabilities that an engine is asked for in other words: a `BeamSearch`, a `Grammar`, the request's own."""


@pytest.mark.parametrize(
    ("endpoint", "request_type"),
    [(Endpoint.CHAT, ChatRequest), (Endpoint.COMPLETIONS, CompletionRequest)],
)
def test_every_row_lands_in_a_field_of_the_request(
    endpoint: Endpoint, request_type: type[GenerationRequest]
) -> None:
    fields = {field.name for field in msgspec.structs.fields(request_type)}
    for row in BY_NAME[endpoint].values():
        if not row.spread and row.name != "chat_template":
            assert row.lands_in in fields
            assert (row.config_field or row.lands_in) in fields


def test_what_a_core_says_it_honours_has_a_place_in_what_it_is_asked() -> None:
    asked = {
        field.name for struct in (SamplingParams, BeamSearch) for field in msgspec.structs.fields(struct)
    }
    claimed = {capability for core in CORES.values() for capability in core.capabilities}
    rows = {row.capability for row in PARAMETERS if row.capability}
    assert claimed & rows <= asked | NOT_IN_SAMPLING


def test_no_endpoint_has_two_rows_of_one_name() -> None:
    for endpoint in Endpoint:
        names = [row.name for row in PARAMETERS if endpoint in row.endpoints]
        assert len(names) == len(set(names))


def test_messages_are_the_chats_and_prompts_the_completions() -> None:
    assert "prompt" not in BY_NAME[Endpoint.CHAT]
    assert "messages" not in BY_NAME[Endpoint.COMPLETIONS]


def test_the_docs_say_values_defaults_and_engines() -> None:
    lines = markdown_table().splitlines()
    assert (
        "| temperature | both | a number from 0 to 2 | generation_config.json's temperature, or 1.0 | genai, graph "
        "| How much chance there is in the choice of tokens; 0 takes the likeliest. |"
    ) in lines
    assert (
        "| logits_processors | both | a list of objects | absent | graph "
        "| Changes the logits by processors of the engine's graph: a list of {name, arguments}. |"
    ) in lines
    assert (
        "| messages | chat/completions | a non-empty list of at most 10000 messages | required |  "
        "| The conversation so far. |"
    ) in lines
    assert len(lines) == len(PARAMETERS) + 2


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_every_row_says_what_its_value_may_be(row: RequestParameter) -> None:
    words = row.words
    assert words
    assert "another type" not in words
