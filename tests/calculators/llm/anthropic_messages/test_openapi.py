"""What the nodes of the Messages API say of themselves: what is valid is read, and what is not is refused."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculators.llm.anthropic_messages import openapi
from ovpipe.calculators.llm.anthropic_messages.endpoint import MessagesEndpoint
from ovpipe.calculators.llm.anthropic_messages.table import BY_NAME
from ovpipe.calculators.llm.messages_parser import MessagesParserCalculator, parse_messages
from ovpipe.calculators.llm.messages_serializer import MessagesSerializerCalculator
from ovpipe.calculators.llm.token_count import TokenCountCalculator
from ovpipe.errors import RequestError
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.serving.openapi.merging import fragment_of

ASKED = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
BLOCK = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def fits(body: dict[str, Any]) -> bool:
    """Whether a body is valid; what is valid is read as well, and what is not is refused."""
    said = MessagesParserCalculator().openapi()
    name = openapi.REQUESTS[MessagesEndpoint.MESSAGES]
    schema = said["components"]["schemas"][name] | {"components": said["components"]}
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid(body)
    try:
        parse_messages(HttpRequest("POST", "/messages", json=body))
    except RequestError as error:
        assert error.status == 400
        assert not valid, error.message
    else:
        assert valid
    return valid


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"system": [BLOCK]},
        {"messages": [{"role": "user", "content": [BLOCK]}, {"role": "assistant", "content": [BLOCK]}]},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}},
        {"output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}}},
        {"stop_sequences": ["a"], "temperature": 1, "top_k": 5, "metadata": {"user_id": "a"}},
        {"something": "else"},
    ],
)
def test_a_valid_request(more: dict[str, Any]) -> None:
    assert fits(ASKED | more)


@pytest.mark.parametrize(
    "more",
    [
        {"max_tokens": None},
        {"max_tokens": "5"},
        {"messages": []},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        {"system": 5},
        {"system": [{"text": "no type"}]},
        {"messages": [{"role": "user", "content": [{"text": "no type"}]}]},
        {"output_format": {"schema": {}}},
        {"tools": [{"name": "a b", "input_schema": {}}]},
        {"tool_choice": "auto"},
        {"thinking": {"type": "enabled", "budget_tokens": 5}},
        {"output_config": {"effort": "some"}},
        {"stop_sequences": "a"},
        {"temperature": 3},
    ],
)
def test_an_invalid_request(more: dict[str, Any]) -> None:
    assert not fits(ASKED | more)


@pytest.mark.parametrize("path", MessagesEndpoint)
def test_every_row_of_the_table_is_a_property_with_its_meaning(path: MessagesEndpoint) -> None:
    schema = MessagesParserCalculator().openapi()["components"]["schemas"][openapi.REQUESTS[path]]
    assert list(schema["properties"]) == list(BY_NAME[path])
    for name, row in BY_NAME[path].items():
        assert schema["properties"][name]["description"].startswith(row.doc)


def test_the_graph_says_what_its_nodes_say() -> None:
    plan = load_graph(
        shipped_graphs()["messages"], registry=Registry.installed(), parameters={"models_path": "model"}
    )
    fragment = fragment_of(plan)
    assert set(fragment["paths"]) == {"/messages", "/messages/count_tokens"}
    for said in (MessagesSerializerCalculator().openapi(), TokenCountCalculator().openapi()):
        assert said["components"]["schemas"].keys() <= fragment["components"]["schemas"].keys()
    responses = fragment["paths"]["/messages"]["post"]["responses"]
    assert {"200", "504", "529"} <= responses.keys()
