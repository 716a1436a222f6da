"""What the chat graph says of itself: requests by the table of parameters, answers by their types."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ovpipe.calculators.llm.parameters import openapi
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint
from ovpipe.calculators.llm.parameters.table import BY_NAME
from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.errors import RequestError
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.http import HttpRequest
from ovpipe.registry import Registry
from ovpipe.serving.openapi.merging import fragment_of

CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
COMPLETION = {"model": "m", "prompt": "x"}


@cache
def schema_of(path: Endpoint, **options: Any) -> dict[str, Any]:
    """The schema of requests that a parser with these options takes."""
    said = ChatRequestParserCalculator(**options).openapi()
    schema = said["components"]["schemas"][openapi.REQUESTS[path]] | {"components": said["components"]}
    Draft202012Validator.check_schema(schema)
    assert isinstance(schema, dict)
    return schema


def fits(body: dict[str, Any], path: Endpoint = Endpoint.CHAT, **options: Any) -> bool:
    """Whether a body is valid; what is valid is read as well, and what is not is refused."""
    valid = Draft202012Validator(schema_of(path, **options)).is_valid(body)
    try:
        parse(HttpRequest("POST", path.value, json=body), **options)
    except RequestError as error:
        assert error.status == 400
        assert not valid, error.message
    else:
        assert valid
    return valid


@pytest.mark.parametrize("path", Endpoint)
def test_every_row_of_the_table_is_a_property_with_its_meaning(path: Endpoint) -> None:
    properties = schema_of(path)["properties"]
    assert list(properties) == list(BY_NAME[path])
    for name, row in BY_NAME[path].items():
        assert properties[name]["description"].startswith(row.doc)


@pytest.mark.parametrize(("path", "body"), [(Endpoint.CHAT, CHAT), (Endpoint.COMPLETIONS, COMPLETION)])
def test_null_is_valid_wherever_a_parameter_may_be_absent(path: Endpoint, body: dict[str, Any]) -> None:
    for name, row in BY_NAME[path].items():
        assert fits(body | {name: None}, path) is not row.required, name


def test_defaults_are_told_and_that_generation_config_goes_before_them() -> None:
    properties = schema_of(Endpoint.CHAT)["properties"]
    assert properties["temperature"]["default"] == 1.0
    assert properties["temperature"]["description"].endswith(
        "generation_config.json's temperature goes before the default."
    )
    assert "default" not in properties["seed"]
    assert "default" not in properties["messages"]


def test_the_servers_own_limits_are_those_of_the_schema() -> None:
    assert fits(CHAT | {"max_tokens": 9, "n": 2}, max_tokens_limit=9, best_of_limit=2)
    assert not fits(CHAT | {"max_tokens": 10}, max_tokens_limit=9)
    assert not fits(CHAT | {"max_completion_tokens": 10}, max_tokens_limit=9)
    assert not fits(CHAT | {"n": 3}, best_of_limit=2)


def test_unknown_parameters_are_valid_unless_the_server_refuses_them() -> None:
    assert fits(CHAT | {"mystery": 1})
    assert not fits(CHAT | {"mystery": 1}, unknown_parameters="error")


def test_what_an_engine_has_is_valid_and_what_none_has_is_not() -> None:
    assert fits(CHAT | {"logits_processors": [{"name": "x"}]})
    assert fits(CHAT | {"prompt_logprobs": 1})
    assert not fits(CHAT | {"chat_template": "x"})
    assert schema_of(Endpoint.CHAT)["properties"]["chat_template"]["type"] == "null"


@pytest.mark.parametrize(
    ("message", "valid"),
    [
        ({"role": "user", "content": [{"type": "text", "text": "x"}]}, True),
        ({"role": "user", "content": []}, True),
        ({"role": "user", "content": None}, True),
        ({"role": "system"}, True),
        ({"role": "user", "content": ["x", {"type": "refusal", "refusal": "x"}]}, True),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, False),
        ({"role": "user", "content": [{"type": "thinking"}]}, False),
        ({"role": "assistant", "content": [{"type": "thinking", "thinking": "x"}]}, True),
        ({"role": "assistant", "content": [{"type": "reasoning", "text": "x"}]}, True),
        ({"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}, True),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "x"}]}, True),
        ({"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f"}}]}, True),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}, True),
        ({"role": "assistant", "tool_calls": [{"id": "1"}]}, False),
        ({"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}, True),
        ({"role": "assistant", "refusal": "x"}, True),
        ({"role": "assistant"}, True),
        ({"role": "tool", "content": "x", "tool_call_id": "1"}, True),
        ({"role": "function", "content": "x"}, False),
        ({"role": "function", "name": "f"}, True),
        ({"role": "robot", "content": "x"}, False),
    ],
)
def test_messages_are_valid_by_their_role(message: dict[str, Any], valid: bool) -> None:
    assert fits(CHAT | {"messages": [message]}) is valid


@pytest.mark.parametrize(
    ("tool", "valid"),
    [
        ({"type": "function", "function": {"name": "f"}}, True),
        ({"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": None}, True),
        ({"function": {"name": "f"}}, True),
        ({"type": "web_search"}, True),
        ({"type": "mcp", "server_label": "s", "allowed_tools": ["a"]}, True),
        ({"type": "function", "function": {}}, False),
        ({"type": "function", "name": "no name"}, False),
        ({"type": 5}, False),
    ],
)
def test_tools_are_valid_nested_flat_and_of_other_types(tool: dict[str, Any], valid: bool) -> None:
    assert fits(CHAT | {"tools": [tool]}) is valid


@pytest.mark.parametrize(
    ("choice", "valid"),
    [
        ("auto", True),
        ({"type": "auto"}, True),
        ({"type": "required"}, True),
        ({"type": "function", "function": {"name": "f"}}, True),
        ({"type": "function", "name": "f"}, True),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}, True),
        ({"type": "allowed_tools", "mode": "none", "tools": []}, False),
        ({"type": "custom", "name": "f"}, False),
        ({}, False),
        ("sometimes", False),
    ],
)
def test_tool_choices_are_valid_in_every_form(choice: Any, valid: bool) -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert fits(CHAT | {"tools": tools, "tool_choice": choice}) is valid


@pytest.mark.parametrize("path", Endpoint)
def test_the_example_is_valid(path: Endpoint) -> None:
    assert fits({"model": "m", **openapi.EXAMPLES[path]}, path)


@pytest.mark.parametrize("path", Endpoint)
def test_an_answer_comes_in_one_piece_or_as_events(path: Endpoint) -> None:
    said = openapi.answers()
    content = said["paths"][path.value]["post"]["responses"]["200"]["content"]
    whole, chunk = (kind.__name__ for kind in openapi.ANSWERS[path])
    assert content["application/json"]["schema"] == {"$ref": f"#/components/schemas/{whole}"}
    done, data = content["text/event-stream"]["schema"]["properties"]["data"]["anyOf"]
    assert done == {"const": "[DONE]"}
    assert data["contentSchema"]["anyOf"][0] == {"$ref": f"#/components/schemas/{chunk}"}
    assert {whole, chunk} <= said["components"]["schemas"].keys()


def test_the_nodes_of_the_shipped_graph_say_it_all() -> None:
    plan = load_graph(
        shipped_graphs()["chat"], registry=Registry.installed(), parameters={"models_path": "m"}
    )
    fragment = fragment_of(plan)
    for path in Endpoint:
        operation = fragment["paths"][path.value]["post"]
        assert operation.keys() >= {"operationId", "summary", "tags", "requestBody", "responses"}
